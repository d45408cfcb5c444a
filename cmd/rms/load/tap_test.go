package load

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"
)

// wsFrame writes one frame as a client does, masked.
func wsFrame(op byte, payload []byte) []byte {
	b := []byte{0x80 | op}
	switch {
	case len(payload) < 126:
		b = append(b, 0x80|byte(len(payload)))
	case len(payload) < 65536:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(len(payload)))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(len(payload)))
	}
	mask := [4]byte{1, 2, 3, 4}
	b = append(b, mask[:]...)
	for i, v := range payload {
		b = append(b, v^mask[i&3])
	}
	return b
}

func TestFramesOfEachLengthAreReadAndUnmasked(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 320, 3840, tapBuffer - 20} {
		want := bytes.Repeat([]byte{7, 9, 200}, size)[:size]
		r := bufio.NewReaderSize(bytes.NewReader(append(wsFrame(2, want), wsFrame(opText, []byte("after"))...)), tapBuffer)
		op, got, err := websocketFrame(r)
		if err != nil || op != 2 || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: op %d, %d bytes, %v", size, op, len(got), err)
		}
		if op, got, err = websocketFrame(r); err != nil || op != opText || string(got) != "after" {
			t.Errorf("behind %d bytes: op %d %q, %v", size, op, got, err)
		}
	}
	for _, size := range []int{tapBuffer + 1, 1 << 20} {
		r := bufio.NewReaderSize(bytes.NewReader(wsFrame(2, make([]byte, size))), tapBuffer)
		if _, _, err := websocketFrame(r); err == nil {
			t.Errorf("%d bytes: no error", size)
		}
	}
}

func FuzzStreamsThatArrive(f *testing.F) {
	f.Add(wsFrame(2, make([]byte, 320)))
	f.Add(append([]byte{1, 0, 16, 0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0x17}, 0x10, 0, 2, 1, 2))
	f.Add([]byte("GET /3 HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: a\r\n\r\n\x82\x01x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, w := range []wire{websocketWire{}, audiosocketWire{}} {
			c, far := net.Pipe()
			go func() { // swallows answers
				b := make([]byte, 512)
				for _, err := far.Read(b); err == nil; _, err = far.Read(b) {
				}
			}()
			r := bufio.NewReaderSize(bytes.NewReader(data), tapBuffer)
			_, err := w.greet(c, r)
			for n := 0; err == nil; n++ {
				if _, _, err = w.next(c, r); n > len(data) {
					t.Fatal("messages without bytes")
				}
			}
			c.Close()
			far.Close()
		}
	})
}

func TestPulsesLieInEachPlaceOfAPacketAndAreSeen(t *testing.T) {
	for _, name := range []string{"PCMU", "PCMA", "L16/16000"} {
		c, err := findCodec(name)
		if err != nil {
			t.Fatal(err)
		}
		p, size := newPulses(c), c.payloadSize(20*time.Millisecond)
		places, begun := map[int]bool{}, 0
		for at := 0; at+size <= len(p.audio); at += size {
			if p.begins(at, at+size) {
				begun++
			}
		}
		for _, at := range p.at {
			places[at%size] = true
		}
		if begun != pulseLoop || len(places) != pulseLoop || len(p.audio) != size*pulseEvery*pulseLoop {
			t.Errorf("%s: %d packets with a pulse, %d places, %d bytes", name, begun, len(places), len(p.audio))
		}
	}
	quiet := make([]byte, 320)
	quiet[20], quiet[21] = 0xff, 0x1e // 7935
	if pulseIn(quiet) || pulseIn(nil) || pulseIn([]byte{1}) {
		t.Error("a pulse in silence")
	}
	quiet[319], quiet[318] = 0xb0, 0 // -20480, the last sample
	if !pulseIn(quiet) {
		t.Error("a pulse in the last sample was not seen")
	}
}

func TestStreamOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, s := range []Streams{
		{Kind: "rst"}, {Kind: "ws", Rate: 11025}, {Kind: "ws", Rate: 96000}, {Kind: "ws", Mix: "left"},
		{Kind: "ws", Stalled: 200}, {Kind: "ws", URL: "ws://127.0.0.1:1/"},
	} {
		if _, err := (Options{Target: "sip:x@127.0.0.1", Calls: 100, Streams: s}).check(); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
	p, err := Options{Target: "sip:x@127.0.0.1", Calls: 100, TwoWay: true, Streams: Streams{Kind: "audiosocket"}}.check()
	if err != nil || p.Streams.Probes != 20 || p.Streams.Rate != 8000 {
		t.Errorf("%+v, %v", p.Streams, err)
	}
}

func TestTheInviteAsksForTheStreamOfItsCall(t *testing.T) {
	p, err := Options{Target: "sip:x@127.0.0.1", Calls: 100, Streams: Streams{Kind: "ws", URL: "ws://127.0.0.1:9/s/%d", Rate: 16000, Mix: "stereo"}}.check()
	if err != nil {
		t.Fatal(err)
	}
	s := script{plan: p}
	text := string(s.invite(&call{index: 17}, nil))
	if !strings.Contains(text, "\r\nX-Stream-Url: ws://127.0.0.1:9/s/17\r\nX-Stream-Rate: 16000\r\nX-Stream-Mix: stereo\r\n") {
		t.Errorf("INVITE:\n%s", text)
	}
}
