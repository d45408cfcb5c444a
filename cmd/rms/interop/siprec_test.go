//go:build linux

package interop_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"

	"rms/media/audiotest"
	"rms/media/codec"
	"rms/media/record/ledger"
)

// tellSession writes what a script sees of a recording session into the log.
const tellSession = `
event_route["rms:siprec_start"] = function(call)
  rms_log("session of " .. tostring(rms_get("siprec_caller_aor")) .. " and " .. tostring(rms_get("siprec_callee_aor")))
end

event_route["rms:siprec_update"] = function(call)
  rms_log("callee is " .. tostring(rms_get("siprec_callee_name")))
end

event_route["rms:start"] = function(call)
  rms_log("an ordinary call")
end
`

// pulses is a 200 ms tone at the beginning of each second.
func pulses(hz float64, seconds int) []int16 {
	pcm := make([]int16, 8000*seconds)
	for s := range seconds {
		copy(pcm[8000*s:], audiotest.Tone(8000, hz, -10, 200*time.Millisecond))
	}
	return pcm
}

// payloads encodes audio in packets of 20 ms.
func payloads(t *testing.T, name string, pcm []int16) (list [][]byte) {
	t.Helper()
	cd, ok := codec.Lookup(name, 8000, 1)
	if !ok {
		t.Fatalf("no codec %s", name)
	}
	for e := cd.NewEncoder(); len(pcm) >= 160; pcm = pcm[160:] {
		list = append(list, e.Encode(nil, pcm[:160]))
	}
	return list
}

// voice is one stream of a recording client.
type voice struct {
	pt      uint8
	ssrc    uint32
	packets [][]byte
}

func (v voice) packet(t *testing.T, i int) []byte {
	t.Helper()
	p := rtp.Packet{Header: rtp.Header{
		Version: 2, PayloadType: v.pt, SSRC: v.ssrc, SequenceNumber: uint16(1000*v.ssrc) + uint16(i), Timestamp: 70000*v.ssrc + uint32(160*i),
	}, Payload: v.packets[i]}
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// speak sends packets of two voices at the pace of a clock, and returns how many samples
// the recording may be out of step: 5 ms, and more on a machine that wakes nobody in time.
func speak(t *testing.T, ears [2]*ear, to [2]*net.UDPAddr, voices [2]voice) (within int) {
	t.Helper()
	begin, worst := time.Now(), time.Duration(0)
	defer func() {
		if within = 40; worst > 20*time.Millisecond {
			within += int(2*worst/time.Millisecond)*8 + 1600
			t.Logf("a busy machine: a packet was sent %v late", worst)
		}
	}()
	for i := range voices[0].packets {
		due := begin.Add(time.Duration(i) * 20 * time.Millisecond)
		time.Sleep(time.Until(due))
		worst = max(worst, time.Since(due))
		for k, v := range voices {
			if _, err := ears[k].rtp.WriteToUDP(v.packet(t, i), to[k]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return within
}

// streams waits for the answer to a call in progress and returns where its streams go.
func (p *placed) streams(t *testing.T) (to [2]*net.UDPAddr) {
	t.Helper()
	var list []string
	eventually(t, 30*time.Second, "the answer to the recording client", func() bool {
		data, _ := os.ReadFile(p.trace)
		for _, m := range messages(string(data)) {
			if m.received && strings.HasPrefix(m.text, "SIP/2.0 200") && strings.Count(m.text, "m=audio") == 2 {
				list = strings.Split(m.text, "\n")
				return true
			}
		}
		return false
	})
	n, host := 0, ""
	for _, line := range list {
		if address, ok := strings.CutPrefix(line, "c=IN IP4 "); ok {
			host = strings.TrimSpace(address)
		}
		if rest, ok := strings.CutPrefix(line, "m=audio "); ok && n < 2 {
			port, _, _ := strings.Cut(rest, " ")
			number, err := strconv.Atoi(port)
			if err != nil {
				t.Fatal(err)
			}
			to[n] = &net.UDPAddr{IP: net.ParseIP(host), Port: number}
			n++
		}
	}
	return to
}

// siprecTape is a recording that is complete: its channels and its sidecar.
type siprecTape struct {
	left, right []int16
	told        ledger.Sidecar
}

// recorded waits for the only complete recording below a folder.
func recorded(t *testing.T, folder string) *siprecTape {
	t.Helper()
	var out siprecTape
	eventually(t, 30*time.Second, "a complete recording", func() bool {
		found := false
		_ = filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".wav.json") {
				data, _ := os.ReadFile(path)
				found = json.Unmarshal(data, &out.told) == nil && out.told.State == ledger.Complete
			}
			return nil
		})
		return found
	})
	var flat bytes.Buffer
	if err := json.Compact(&flat, out.told.Siprec); err != nil {
		t.Fatal(err)
	}
	out.told.Siprec = flat.Bytes()
	file := filepath.Join(folder, filepath.FromSlash(out.told.File))
	out.left, out.right = soxChannel(t, file, 1), soxChannel(t, file, 2)
	return &out
}

// onsets returns where pulses begin, in samples.
func onsets(pcm []int16) (list []int) {
	quiet := 4000
	for i, v := range pcm {
		if v > 1500 || v < -1500 {
			if quiet >= 4000 {
				list = append(list, i)
			}
			quiet = 0
			continue
		}
		quiet++
	}
	return list
}

// wantInStep fails unless both sides have n pulses within so many samples of each other,
// of these frequencies.
func wantInStep(t *testing.T, tp *siprecTape, n, within int, hz [2]float64) {
	t.Helper()
	a, b := onsets(tp.left), onsets(tp.right)
	if len(a) != n || len(b) != n {
		t.Fatalf("%d and %d pulses, want %d", len(a), len(b), n)
	}
	worst := 0
	for i := range a {
		worst = max(worst, a[i]-b[i], b[i]-a[i])
		for side, pcm := range [2][]int16{tp.left[a[i]:], tp.right[b[i]:]} {
			if f, _ := audiotest.Find(pcm[80:1480], 8000); math.Abs(f-hz[side]) > 10 {
				t.Errorf("pulse %d of side %d is at %.0f Hz, want %.0f", i, side, f, hz[side])
			}
		}
	}
	t.Logf("the sides are within %d samples of each other", worst)
	if worst > within {
		t.Errorf("the sides are %.1f ms apart", float64(worst)/8)
	}
}

func TestRecordingClientOfTheRFCIsRecorded(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, firstServer, tellSession, t.TempDir(), "--record-root", folder)
	ears := [2]*ear{listen(t), listen(t)}
	c := caller{
		scenario: "siprec", user: "recorder", via: firstServer, ear: ears[0], listen: 3 * time.Second,
		keys: map[string]string{"other_port": strconv.Itoa(ears[1].port)},
	}
	p := c.place(t)
	to := p.streams(t)
	within := speak(t, ears, to, [2]voice{
		{0, 1, payloads(t, "PCMU", pulses(1000, 5))}, {0, 2, payloads(t, "PCMU", pulses(1600, 5))},
	})
	p.end(t)
	tp := recorded(t, folder)
	a, b := onsets(tp.left), onsets(tp.right)
	if len(b) != 5 || len(a) >= 5 || len(a) < 3 {
		t.Errorf("%d pulses of the stream that was paused, %d of the other", len(a), len(b))
	}
	for _, at := range a {
		near := false
		for _, other := range b {
			near = near || at-other <= within && other-at <= within
		}
		if !near {
			t.Errorf("the pulse at %d of the paused stream is far from those of the other: %v", at, b)
		}
	}
	if !s.soonSays("session of sip:customer@example.net and sip:agent7@example.org") || !s.soonSays("callee is Jörg (supervisor)") || s.says("an ordinary call") {
		t.Error("the events do not tell the session")
	}
	told := tp.told
	if len(told.Sides) != 2 || told.Sides[0].Label != "1" || told.Sides[0].Party != "sip:customer@example.net" || told.Sides[1].Packets != 250 {
		t.Errorf("sides of the sidecar: %+v", told.Sides)
	}
	if len(told.Parties) != 2 || told.Parties[1].Name != "Jörg (supervisor)" || !strings.Contains(string(told.Siprec), `"by":"re-invite"`) {
		t.Errorf("parties %+v, siprec %s", told.Parties, told.Siprec)
	}
}

func TestOlderRecordingClientIsRecorded(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, firstServer, tellSession, t.TempDir(), "--record-root", folder)
	ears := [2]*ear{listen(t), listen(t)}
	c := caller{
		scenario: "siprec_old", user: "recorder", via: firstServer, ear: ears[0], listen: 5 * time.Second, tcp: true,
		keys: map[string]string{"other_port": strconv.Itoa(ears[1].port)},
	}
	p := c.place(t)
	to := p.streams(t)
	within := speak(t, ears, to, [2]voice{
		{8, 1, payloads(t, "PCMA", pulses(1000, 4))}, {0, 2, payloads(t, "PCMU", pulses(1600, 4))},
	})
	p.end(t)
	tp := recorded(t, folder)
	wantInStep(t, tp, 4, within, [2]float64{1000, 1600})
	if !s.soonSays("session of sip:+4930123456@sbc.example;user=phone&x=1 and sip:200@sbc.example") {
		t.Error("the event does not tell the session")
	}
	if told := string(tp.told.Siprec); !strings.Contains(told, `"ucid":"00001012341770000000"`) || !strings.Contains(told, "2026-01-01T10:00:09Z") {
		t.Errorf("siprec of the sidecar: %s", told)
	}
}

func TestBadMetadataIsRefused(t *testing.T) {
	folder := t.TempDir()
	startServer(t, firstServer, tellSession, t.TempDir(), "--record-root", folder)
	e := listen(t)
	list := caller{scenario: "siprec_entity", user: "recorder", via: firstServer, ear: e, keys: map[string]string{"other_port": "40998"}}.call(t)
	if m := find(t, list, "SIP/2.0 400"); !strings.Contains(m.header("Warning"), "document type") {
		t.Errorf("refused with %q", m.header("Warning"))
	}
}

// SIPp sends a capture with two streams to the first port of the answer and to the one
// two above it. Ports are given out in random order, so it takes some calls until they
// lie so.
func TestSIPpSendsBothStreams(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SIPp needs a raw socket to play a capture")
	}
	for try := range 24 {
		if sippSendsBoth(t, try) {
			return
		}
	}
	t.Fatal("the ports of the answer were never in order")
}

func sippSendsBoth(t *testing.T, try int) bool {
	t.Helper()
	folder := t.TempDir()
	s := startServer(t, firstServer, tellSession, t.TempDir(), "--record-root", folder, "--rtp-ports", "21000-21003")
	c := caller{scenario: "siprec_pcap", user: "recorder", via: firstServer, listen: 6 * time.Second}
	dir := t.TempDir()
	capture(t, filepath.Join(dir, "two.pcap"), [2]voice{
		{0, 1, payloads(t, "PCMU", pulses(1000, 4))}, {0, 2, payloads(t, "PCMU", pulses(1600, 4))},
	})
	p := c.placeIn(t, dir)
	to := p.streams(t)
	if to[1].Port != to[0].Port+2 {
		p.stop(t, 30*time.Second)
		s.signal(t, syscall.SIGTERM)
		if !s.wait(100 * time.Millisecond) {
			s.signal(t, syscall.SIGTERM) // the call that is left is not waited for
			s.wait(30 * time.Second)
		}
		return false
	}
	p.end(t)
	t.Logf("ports %d and %d at try %d", to[0].Port, to[1].Port, try+1)
	tp := recorded(t, folder)
	wantInStep(t, tp, 4, 800, [2]float64{1000, 1600}) // SIPp has a thread for each, that begins when it can
	if len(tp.told.Sides) != 2 || tp.told.Sides[0].Packets < 150 || tp.told.Sides[1].Packets < 150 {
		t.Errorf("sides of the sidecar: %+v", tp.told.Sides)
	}
	return true
}

// capture writes a pcap file (Ethernet, IPv4, UDP) with a packet of each voice every 20 ms.
func capture(t *testing.T, path string, voices [2]voice) {
	t.Helper()
	b := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0}
	little := func(v int) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }
	for i := range voices[0].packets {
		for k, v := range voices {
			data := v.packet(t, i)
			udp, ip := 8+len(data), 28+len(data)
			frame := append(make([]byte, 12), 8, 0)
			frame = append(frame, 0x45, 0, byte(ip>>8), byte(ip), 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1)
			port := 6000 + 2*k
			frame = append(frame, byte(port>>8), byte(port), byte(port>>8), byte(port), byte(udp>>8), byte(udp), 0, 0)
			frame = append(frame, data...)
			b = append(b, little(i/50)...)
			b = append(b, little(i%50*20000)...)
			b = append(append(append(b, little(len(frame))...), little(len(frame))...), frame...)
		}
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// soxChannel reads one channel of a file with sox.
func soxChannel(t *testing.T, file string, channel int) []int16 {
	t.Helper()
	need(t, "sox")
	out, err := exec.Command("sox", file, "-t", "raw", "-r", "8000", "-e", "signed-integer", "-b", "16", "-", "remix", strconv.Itoa(channel)).Output()
	if err != nil {
		t.Fatalf("sox %s: %v", file, err)
	}
	return samples(out)
}
