//go:build linux

package interop_test

import (
	"bytes"
	"net"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// ear is an RTP and an RTCP socket that keep what comes.
type ear struct {
	ip        string
	port      int
	rtp, rtcp *net.UDPConn

	mu      sync.Mutex
	heard   []heard
	reports int
	marks   int // of settle
}

type heard struct {
	packet rtp.Packet
	from   *net.UDPAddr
	at     time.Time
}

// listen opens an ear on an even port; it is closed when the test ends.
func listen(t *testing.T) *ear {
	t.Helper()
	return listenOn(t, earAddr)
}

func listenOn(t *testing.T, ip string) *ear {
	t.Helper()
	for port := 40000; port < 42000; port += 2 {
		a, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip), Port: port})
		if err != nil {
			continue
		}
		b, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip), Port: port + 1})
		if err != nil {
			a.Close()
			continue
		}
		e := &ear{ip: ip, port: port, rtp: a, rtcp: b}
		var wait sync.WaitGroup
		wait.Go(e.readRTP)
		wait.Go(e.readRTCP)
		t.Cleanup(func() { a.Close(); b.Close(); wait.Wait() })
		return e
	}
	t.Fatal("no free RTP port on " + ip)
	return nil
}

func (e *ear) readRTP() {
	buffer := make([]byte, 2048)
	for {
		n, from, err := e.rtp.ReadFromUDP(buffer)
		if err != nil {
			return
		}
		h := heard{from: from, at: time.Now()}
		e.mu.Lock()
		if n == 1 {
			e.marks++
		} else if h.packet.Unmarshal(slices.Clone(buffer[:n])) == nil {
			e.heard = append(e.heard, h)
		}
		e.mu.Unlock()
	}
}

func (e *ear) readRTCP() {
	buffer := make([]byte, 2048)
	for {
		if _, _, err := e.rtcp.ReadFromUDP(buffer); err != nil {
			return
		}
		e.mu.Lock()
		e.reports++
		e.mu.Unlock()
	}
}

// settle waits until all is read that has come: a byte of our own is behind it.
func (e *ear) settle(t *testing.T) {
	t.Helper()
	e.mu.Lock()
	before := e.marks
	e.mu.Unlock()
	if _, err := e.rtp.WriteToUDP([]byte{0}, e.rtp.LocalAddr().(*net.UDPAddr)); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, "what came to be read", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.marks > before
	})
}

// packets returns what was heard so far.
func (e *ear) packets() []heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// say sends telephone-event packets for a digit, as RFC 4733 section
// 2.5.1.2 wants: three updates and three copies of the end.
func (e *ear) say(t *testing.T, to *net.UDPAddr, pt uint8, digit byte) {
	t.Helper()
	for i := range 6 {
		duration, end := uint16(160*(i+1)), byte(0)
		if i >= 3 {
			duration, end = 640, 0x80
		}
		p := rtp.Packet{
			Header:  rtp.Header{Version: 2, Marker: i == 0, PayloadType: pt, SequenceNumber: uint16(100 + i), Timestamp: 8000, SSRC: 0x1234},
			Payload: []byte{digit, 10 | end, byte(duration >> 8), byte(duration)},
		}
		data, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.rtp.WriteToUDP(data, to); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// stream checks what every stream of ours obeys - one source, no gap in the sequence,
// timestamps that grow by what a packet holds, a marker at the start - and returns its
// payload of one type, in order.
func (e *ear) stream(t *testing.T, pt uint8) []byte {
	t.Helper()
	var payload []byte
	e.settle(t)
	list := e.packets()
	if len(list) == 0 {
		t.Fatal("heard no RTP")
	}
	if !list[0].packet.Marker {
		t.Error("the first packet has no marker")
	}
	for i, h := range list {
		p := h.packet
		if p.SSRC != list[0].packet.SSRC {
			t.Fatalf("packet %d: SSRC %x after %x", i, p.SSRC, list[0].packet.SSRC)
		}
		if i > 0 {
			follows(t, i, list[i-1].packet, p)
		}
		if p.PayloadType != pt {
			t.Errorf("packet %d: payload type %d, want %d", i, p.PayloadType, pt)
			continue
		}
		payload = append(payload, p.Payload...)
	}
	return payload
}

// follows checks a packet against the one before it. The timestamp grows by what that
// one held; only after a pause, which the marker shows, it may grow by more, never by
// less. Both wrap.
func follows(t *testing.T, i int, before, p rtp.Packet) {
	t.Helper()
	if p.SequenceNumber != before.SequenceNumber+1 {
		t.Errorf("packet %d: sequence %d after %d", i, p.SequenceNumber, before.SequenceNumber)
	}
	held := uint32(len(before.Payload))
	if before.PayloadType >= 96 { // L16 here: two bytes a sample
		held /= 2
	}
	step := p.Timestamp - before.Timestamp
	if step == held {
		return
	}
	if pause := int32(step - held); pause < 0 || !p.Marker {
		t.Errorf("packet %d: timestamp %d steps after %d of audio, marker %v", i, step, held, p.Marker)
	} else {
		t.Logf("packet %d comes after a pause of %d", i, pause)
	}
}

// decode lets ffmpeg, which shares no code with us, turn payload into samples.
func decode(t *testing.T, format, rate string, payload []byte) []int16 {
	t.Helper()
	need(t, "ffmpeg")
	args := []string{"-hide_banner", "-loglevel", "error", "-f", format}
	if format != "g722" {
		args = append(args, "-ar", rate, "-ac", "1")
	}
	cmd := exec.Command("ffmpeg", append(args, "-i", "pipe:0", "-f", "s16le", "-ac", "1", "-ar", rate, "pipe:1")...)
	var out, problem bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(payload), &out, &problem
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg -f %s: %v: %s", format, err, problem.String())
	}
	return samples(out.Bytes())
}

// samples reads signed 16-bit little-endian.
func samples(raw []byte) []int16 {
	pcm := make([]int16, len(raw)/2)
	for i := range pcm {
		pcm[i] = int16(uint16(raw[2*i]) | uint16(raw[2*i+1])<<8)
	}
	return pcm
}
