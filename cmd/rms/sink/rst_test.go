package sink_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/cmd/rms/sink"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/wire/rst"
)

const uuid = "478525a8-8263-4550-b18c-d027d11c9865"

// freeswitch is a raw sender of mod_rst: one socket for a session.
type freeswitch struct {
	*net.UDPConn
	t *testing.T
}

func sender(t *testing.T, to string) *freeswitch {
	t.Helper()
	address, err := net.ResolveUDPAddr("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &freeswitch{conn, t}
}

func (f *freeswitch) say(text string) {
	f.t.Helper()
	if _, err := f.Write([]byte(text)); err != nil {
		f.t.Errorf("write: %v", err)
	}
}

// hear returns the next datagram of the sink, "" when none comes.
func (f *freeswitch) hear(within time.Duration) string {
	b := make([]byte, 2048)
	_ = f.SetReadDeadline(time.Now().Add(within))
	n, err := f.Read(b)
	if err != nil {
		return ""
	}
	return string(b[:n])
}

func (f *freeswitch) expect(want string) {
	f.t.Helper()
	if got := f.hear(patience); got != want {
		f.t.Errorf("the sink says %q, want %q", got, want)
	}
}

func mulaw(pcm []int16) []byte {
	var b []byte
	for _, s := range pcm {
		b = append(b, media.LinearToMulaw(s))
	}
	return b
}

// speak sends a second of a tone on each side as PCMU, R at 440 Hz and W at 1000 Hz.
func (f *freeswitch) speak(id string) (r, w []byte) {
	r, w = mulaw(audiotest.Tone(8000, 440, -10, time.Second)), mulaw(audiotest.Tone(8000, 1000, -20, time.Second))
	for i := 0; i < len(r); i += 160 {
		f.say(fmt.Sprintf("DATA:%s:R:00:160:%s", id, r[i:i+160]))
		f.say(fmt.Sprintf("DATA:%s:W:00:160:%s", id, w[i:i+160]))
	}
	return r, w
}

func TestRSTGeneration1IsReceivedAndAnswered(t *testing.T) {
	t.Parallel()
	cdr := t.TempDir()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Raw: true, Hex: true, CDRDir: cdr}})
	f := sender(t, p.Addr().String())
	f.say("INV :" + uuid + ":18621575908:02131570530")
	f.expect("ACK :" + uuid)
	r, w := f.speak(uuid)
	f.say("BYE :" + uuid)
	f.expect("ACK :" + uuid)
	begin, e := p.await(sink.EventStart, 1), p.await(sink.EventStop, 1)
	if begin.ID != uuid || begin.Caller != "18621575908" || begin.Callee != "02131570530" || begin.Generation != 1 {
		t.Errorf("start: %+v", begin)
	}
	if e.Frames != 100 || e.Bytes != 16000 || e.AudioSeconds != 1 || e.Codec != "PCMU" || e.Cause != "remote" || e.Why != "BYE" {
		t.Errorf("stop: %+v %+v", e, e.Totals)
	}
	if len(e.Sides) != 2 || e.Sides[0].Side != "R" || math.Abs(e.Sides[0].Level+10) > 0.2 || e.Sides[1].Side != "W" || math.Abs(e.Sides[1].Level+20) > 0.2 || e.Sides[1].Frames != 50 {
		t.Errorf("sides: %+v", e.Sides)
	}
	base := "18621575908-02131570530-" + uuid
	for tail, want := range map[string][]byte{"-R.pcm": r, "-W.pcm": w} { // not a stray byte
		if got, err := os.ReadFile(filepath.Join(p.dir, base+tail)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v", tail, len(got), err)
		}
	}
	_, pcm := p.read(base + "-R.wav")
	wantTone(t, "R", pcm, 8000, 440, -10)
	_, pcm = p.read(base + "-W.wav")
	wantTone(t, "W", pcm, 8000, 1000, -20)
	hex, err := os.ReadFile(filepath.Join(p.dir, uuid+"_02131570530.hex"))
	if want := fmt.Sprintf(" 0x%02x 0x%02x", w[0], w[1]); err != nil || len(hex) != 5*len(w) || !strings.HasPrefix(string(hex), want) {
		t.Errorf("hex: %d bytes, %.20s, want %s, %v", len(hex), hex, want, err)
	}
	wantRecord(t, cdr, "caller:18621575908,callee:02131570530,R:"+base+"-R.pcm,W:"+base+"-W.pcm")
}

// wantRecord checks the one call record of a folder.
func wantRecord(t *testing.T, dir, head string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || !regexp.MustCompile(`^\d{10}\.log$`).MatchString(entries[0].Name()) {
		t.Fatalf("records: %v, %v", entries, err)
	}
	b, _ := os.ReadFile(filepath.Join(dir, entries[0].Name()))
	const at = `\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`
	if !regexp.MustCompile(`^` + regexp.QuoteMeta(head) + `,callin time:` + at + `,hangup time:` + at + "\r\n$").Match(b) {
		t.Errorf("record: %q", b)
	}
}

func TestRSTPayloadTypes(t *testing.T) {
	t.Parallel()
	tone := audiotest.Tone(8000, 440, -10, time.Second)
	var alaw []byte
	for _, s := range tone {
		alaw = append(alaw, media.LinearToAlaw(s))
	}
	for pt, payload := range map[string][]byte{"00": mulaw(tone), "08": alaw, "10": bytesOf(tone), "18": make([]byte, 1000), "04": make([]byte, 1200)} {
		p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Raw: true}})
		f := sender(t, p.Addr().String())
		f.say("INV :" + uuid + ":1:2")
		for part := range slices.Chunk(payload, len(payload)/50) {
			f.say(fmt.Sprintf("DATA:%s:R:%s:%d:%s", uuid, pt, len(part), part))
		}
		f.say("BYE :" + uuid)
		p.await(sink.EventStop, 1)
		if raw, err := os.ReadFile(filepath.Join(p.dir, "1-2-"+uuid+"-R.pcm")); err != nil || !bytes.Equal(raw, payload) {
			t.Errorf("%s: %d bytes kept, %v", pt, len(raw), err)
		}
		if pt == "18" || pt == "04" {
			if p.counter("rst_not_decoded") != 50 || len(p.files()) != 1 {
				t.Errorf("%s: %v, %v", pt, p.Summary().Counters, p.files())
			}
			continue
		}
		_, pcm := p.read("1-2-" + uuid + "-R.wav")
		wantTone(t, pt, pcm, 8000, 440, -10)
	}
}

func TestRSTLengthDecides(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Raw: true}})
	f := sender(t, p.Addr().String())
	f.say("INV :" + uuid + ":1:2")
	half := strings.Repeat("h", 160)
	f.say("DATA:" + uuid + ":R:10:320:" + half)             // what mod_rst sends
	f.say("DATA:" + uuid + ":R:00:4:::::excess")            // colons are payload
	f.say("DATA:" + uuid + ":R:10:320:" + half + "?")       // no such exception
	f.say("DATA:" + uuid + ":R:00:9:12345678")              // a byte is missing
	f.say("DATA:" + uuid + ":R:00:-1:12345678")             //
	f.say("DATA:" + uuid + ":R:00:99999999999999999999:12") //
	f.say("DATA:" + uuid + ":R:99:2:12")
	f.say("DATA:" + uuid + ":X:00:2:12")
	f.say("DATA:" + uuid + ":R:00:0:")
	f.say("BYE :" + uuid + "\r\n\x00 \x00")
	p.await(sink.EventStop, 1)
	raw, err := os.ReadFile(filepath.Join(p.dir, "1-2-"+uuid+"-R.pcm"))
	if want := half + "::::"; err != nil || string(raw) != want {
		t.Errorf("kept %q, want %q, %v", raw, want, err)
	}
	for name, want := range map[string]uint64{
		"rst_half_l16": 1, "rst_excess": 1, "rst_truncated": 2, "rst_length": 2, "rst_payload_type": 1, "rst_flag": 1, "rst_empty": 1,
	} {
		if got := p.counter(name); got != want {
			t.Errorf("%s is %d, want %d: %v", name, got, want, p.Summary().Counters)
		}
	}
}

func TestRSTStreamBelongsToTheAddressOfItsINV(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST})
	f, thief := sender(t, p.Addr().String()), sender(t, p.Addr().String())
	f.say("INV  :" + uuid + ":1:2") // two spaces are seen in the wild
	f.expect("ACK :" + uuid)
	f.say("INV :" + uuid + ":1:2")
	f.expect("ACK :" + uuid)
	thief.say("INV :" + uuid + ":1:2")
	thief.say("DATA:" + uuid + ":R:00:2:12")
	thief.say("BYE :" + uuid)
	thief.say("ACK :" + uuid + ":1:2")
	await(t, "three refusals", func() bool { return p.counter("rst_stranger") == 3 && p.counter("rst_ack") == 1 })
	if got := thief.hear(50 * time.Millisecond); got != "" {
		t.Errorf("the stranger hears %q", got)
	}
	if s := p.Streams(); len(s) != 1 || p.counter("rst_inv_again") != 1 || len(p.all(sink.EventStart)) != 1 {
		t.Errorf("%+v, %v", s, p.Summary().Counters)
	}
	f.say("BYE :" + uuid)
	f.expect("ACK :" + uuid)
	f.say("BYE :" + uuid) // the ACK was lost
	f.expect("ACK :" + uuid)
	thief.say("BYE :" + uuid)
	await(t, "a count", func() bool { return p.counter("rst_unknown") == 1 && p.counter("rst_bye_again") == 1 })
}

func TestRSTDataOfUnknownStreamIsDroppedUnlessWanted(t *testing.T) {
	t.Parallel()
	for _, wanted := range []bool{false, true} {
		p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Unannounced: wanted}})
		f := sender(t, p.Addr().String())
		f.speak(uuid)
		f.say("BYE :" + uuid)
		if wanted {
			e := p.await(sink.EventStop, 1)
			if _, pcm := p.read("unknown-unknown-" + uuid + "-R.wav"); e.Frames != 100 || len(pcm) != 8000 {
				t.Errorf("%+v", e.Totals)
			}
			continue
		}
		await(t, "a count", func() bool { return p.counter("rst_unknown") == 101 })
		if len(p.files()) != 0 || len(p.all(sink.EventStart)) != 0 {
			t.Errorf("%v", p.files())
		}
	}
}

func TestRSTSaysBYEWhenNothingComes(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Inactivity: 300 * time.Millisecond, Ports: [2]int{41000, 41999}}})
	one, two := sender(t, p.Addr().String()), sender(t, p.Addr().String())
	began := time.Now()
	one.say("INV :" + uuid + ":1:2")
	one.expect("ACK :" + uuid)
	second := strings.Replace(uuid, "4", "5", 1)
	two.say("INV :" + second + ":1:2:5004:5005")
	if got := two.hear(patience); !strings.HasPrefix(got, "ACK :"+second+":41") {
		t.Errorf("%q", got)
	}
	one.expect("BYE :" + uuid)
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("the BYE came after %v", took)
	}
	for range 3 {
		two.expect("BYE :" + second)
	}
	if got := one.hear(300 * time.Millisecond); got != "" {
		t.Errorf("%q after the one BYE of generation 1", got)
	}
	if e := p.await(sink.EventStop, 2); e.Cause != "timeout" {
		t.Errorf("%+v", e.Totals)
	}
}

func TestRSTGeneration2HasAPortPairInEachFraming(t *testing.T) {
	t.Parallel()
	tone := audiotest.Tone(8000, 440, -10, time.Second)
	network := make([]byte, 0, 16000)
	for _, s := range tone {
		network = binary.BigEndian.AppendUint16(network, uint16(s))
	}
	for i, c := range []struct {
		framing, codec string
		payload        []byte
		head           func(n int) string
	}{
		{"bare", "", mulaw(tone), func(int) string { return "" }},
		{"bare", "l16", bytesOf(tone), func(int) string { return "" }},
		{"data", "", mulaw(tone), func(int) string { return "DATA:" + uuid + ":%c:00:160:" }},
		{"rtp", "", mulaw(tone), func(n int) string {
			return "\x80\x00\x00" + string([]byte{byte(n)}) + "\x00\x00\x00\x00\x01\x02\x03\x04"
		}},
		{"rtp", "", network, func(n int) string {
			return "\x80\x60\x00" + string([]byte{byte(n)}) + "\x00\x00\x00\x00\x01\x02\x03\x04"
		}},
	} {
		low := 42001 + 100*i
		p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Framing: c.framing, Codec: c.codec, Ports: [2]int{low, low + 99}}})
		f := sender(t, p.Addr().String())
		f.say("INV :" + uuid + ":1:2:5004:5005")
		ack, err := rst.Parse([]byte(f.hear(patience)))
		if err != nil || ack.Kind != rst.Ack || ack.ReadPort%2 != 0 || ack.WritePort != ack.ReadPort+1 || ack.ReadPort < low || ack.WritePort > low+99 {
			t.Fatalf("%s: %+v, %v", c.framing, ack, err)
		}
		host := p.Addr().Addr().String()
		r, w := sender(t, fmt.Sprint(host, ":", ack.ReadPort)), sender(t, fmt.Sprint(host, ":", ack.WritePort))
		n := 0
		for part := range slices.Chunk(c.payload, len(c.payload)/50) {
			head := strings.ReplaceAll(c.head(n), "%c", "R")
			r.say(head + string(part))
			if n++; n <= 25 {
				w.say(strings.Replace(head, ":R:", ":W:", 1) + string(part))
			}
		}
		r.say("") // the last of its port
		w.say("")
		sender(t, fmt.Sprint(host, ":", ack.ReadPort)).say("thief")
		await(t, c.framing+" audio", func() bool { return p.counter("rst_stranger") == 1 && p.counter("rst_short") == 2 })
		f.say("BYE :" + uuid)
		if got := f.hear(patience); !strings.HasPrefix(got, fmt.Sprintf("ACK :%s:%d:%d", uuid, ack.ReadPort, ack.WritePort)) {
			t.Errorf("%s: BYE is answered by %q", c.framing, got)
		}
		e := p.await(sink.EventStop, 1)
		if len(e.Sides) != 2 || e.Sides[0].Frames != 50 || e.Sides[1].Frames != 25 || e.AudioSeconds != 1 {
			t.Errorf("%s: %+v, %v", c.framing, e.Totals, p.Summary().Counters)
		}
		_, pcm := p.read("1-2-" + uuid + "-R.wav")
		wantTone(t, c.framing, pcm, 8000, 440, -10)
		if conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: ack.ReadPort}); err != nil {
			t.Errorf("%s: the port stays bound: %v", c.framing, err)
		} else {
			_ = conn.Close()
		}
	}
}

func TestRSTGeneration2KeepsTheAudioThatItsBYEOvertakes(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Ports: [2]int{42700, 42799}}})
	f := sender(t, p.Addr().String())
	f.say("INV :" + uuid + ":1:2:5004:5005")
	ack, err := rst.Parse([]byte(f.hear(patience)))
	if err != nil {
		t.Fatal(err)
	}
	f.say("BYE :" + uuid)
	f.expect(fmt.Sprintf("ACK :%s:%d:%d", uuid, ack.ReadPort, ack.WritePort))
	f.say("BYE :" + uuid)
	f.expect(fmt.Sprintf("ACK :%s:%d:%d", uuid, ack.ReadPort, ack.WritePort))
	sender(t, fmt.Sprint("127.0.0.1:", ack.WritePort)).say("late")
	if e := p.await(sink.EventStop, 1); e.Frames != 1 || e.Why != "BYE" || p.counter("rst_bye_again") != 1 {
		t.Errorf("%+v, %v", e.Totals, p.Summary().Counters)
	}
}

func TestRSTPortsRunOutWithoutHarm(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Ports: [2]int{43000, 43003}}})
	f := sender(t, p.Addr().String())
	for i := range 3 {
		f.say(fmt.Sprintf("INV :%s%d:1:2:5004:5005", uuid[:35], i))
	}
	await(t, "a refusal", func() bool { return p.counter("rst_no_ports") == 1 })
	if n := len(p.Streams()); n != 2 {
		t.Errorf("%d streams", n)
	}
	f.say("BYE :" + uuid[:35] + "0")
	p.await(sink.EventStop, 1)
	f.say("INV :" + uuid[:35] + "9:1:2:5004:5005")
	await(t, "the freed pair", func() bool { return len(p.Streams()) == 2 })
}

func TestRSTMayStaySilentForTests(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{NoAck: true}})
	f := sender(t, p.Addr().String())
	f.say("INV :" + uuid + ":1:2")
	p.await(sink.EventStart, 1)
	if got := f.hear(50 * time.Millisecond); got != "" {
		t.Errorf("%q", got)
	}
}

// TestRSTCorpus sends every file of the corpus while a stream is live, from its address.
func TestRSTCorpus(t *testing.T) {
	t.Parallel()
	var expect map[string]string
	b, err := os.ReadFile("testdata/rst/EXPECT.json")
	if err != nil || json.Unmarshal(b, &expect) != nil || len(expect) != 13 {
		t.Fatalf("%d files, %v", len(expect), err)
	}
	counters := map[string]string{
		"05_data_len_larger_than_packet.bin": "rst_truncated", "07_data_len_negative.bin": "rst_length", "09_data_flag_X.bin": "rst_flag",
		"13_uuid_traversal.bin": "rst_uuid", "15_uuid_8k.bin": "rst_uuid", "17_ack_port_70000.bin": "rst_port", "19_ack_from_other_source.bin": "rst_ack",
		"21_empty.bin": "rst_short", "23_lowercase.bin": "rst_command",
	}
	for name, want := range expect {
		p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Raw: true, Ports: [2]int{44000, 44999}}})
		f := sender(t, p.Addr().String())
		if name != "01_ok_inv.bin" {
			f.say("INV :" + uuid + ":1:2")
			f.expect("ACK :" + uuid)
		}
		raw, err := os.ReadFile(filepath.Join("testdata/rst", name))
		if err != nil {
			t.Fatal(err)
		}
		f.say(string(raw))
		frames := uint64(0)
		switch name {
		case "01_ok_inv.bin":
			if got := f.hear(patience); !regexp.MustCompile(`^ACK :` + uuid + `:44\d\d\d:44\d\d\d$`).MatchString(got) {
				t.Errorf("%s: %s, but the answer is %q", name, want, got)
			}
		case "03_ok_bye.bin":
			f.expect("ACK :" + uuid)
			continue
		case "11_payload_with_colons.bin", "25_65507.bin":
			frames = 1
		default:
			await(t, name+": a count ("+want+")", func() bool { return p.counter(counters[name]) == 1 })
		}
		f.say("BYE :" + uuid)
		if e := p.await(sink.EventStop, 1); e.Frames != frames || strings.Contains(strings.Join(p.files(), ""), "cron") {
			t.Errorf("%s: %s, but %d frames, %v", name, want, e.Frames, p.files())
		}
	}
}

func TestRSTNamesOfStrangersAreSafe(t *testing.T) {
	t.Parallel()
	cdr := t.TempDir()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{CDRDir: cdr}})
	f := sender(t, p.Addr().String())
	f.say("INV :" + uuid + ":../../etc/\x1b[2J\u202e,R%3a1:" + strings.Repeat("b", 255))
	f.expect("ACK :" + uuid)
	f.say("DATA:" + uuid + ":R:00:4:1234")
	f.say("BYE :" + uuid)
	e := p.await(sink.EventStop, 1)
	names := p.files()
	if len(names) != 1 || strings.Contains(names[0], "..") || strings.Contains(names[0], "/") || !strings.Contains(names[0], uuid) {
		t.Errorf("files: %v", names)
	}
	begin := p.await(sink.EventStart, 1)
	harmless(t, sink.Line(&begin)+sink.Line(&e))
	wantRecord(t, cdr, "caller:../../etc/%1B[2J\u202e%2CR:1,callee:"+strings.Repeat("b", 255)+",R:"+names[0]+",W:")
}

func TestRSTStreamsAreLimitedAndEndWithTheSink(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, MaxStreams: 20})
	f := sender(t, p.Addr().String())
	for i := range 40 {
		id := fmt.Sprintf("%s%02d", uuid[:34], i)
		f.say("INV :" + id + ":1:2")
		if i < 20 {
			f.expect("ACK :" + id)
			f.say("DATA:" + id + ":R:00:160:" + strings.Repeat("\x00", 160))
		}
	}
	await(t, "refusals", func() bool { return p.counter("full") == 20 })
	p.close()
	if n := len(p.all(sink.EventStop)); n != 20 || len(p.files()) != 20 {
		t.Errorf("%d streams stopped, %d files", n, len(p.files()))
	}
	for range 20 {
		if got := f.hear(patience); !strings.HasPrefix(got, "BYE :") {
			t.Errorf("%q", got)
		}
	}
	for _, name := range p.files() {
		if _, pcm := p.read(name); len(pcm) != 160 {
			t.Errorf("%s: %d samples", name, len(pcm))
		}
	}
}

func TestRSTSaveRuleNamesTheFiles(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{SaveRule: "caller_callee_uuid.pcm", Raw: true, NoWAV: true}})
	f := sender(t, p.Addr().String())
	for range 2 {
		f.say("INV :" + uuid + ":1:2")
		f.say("DATA:" + uuid + ":W:00:1:x")
		f.say("BYE :" + uuid)
	}
	p.await(sink.EventStop, 2)
	if want := []string{"1_2_" + uuid + "-1-W.pcm", "1_2_" + uuid + "-W.pcm"}; !slices.Equal(p.files(), want) {
		t.Errorf("files: %v", p.files())
	}
}

func TestRSTConfigOfTheOriginalIsRead(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "udp_server.conf")
	write := func(text string) (map[string]string, error) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return sink.ReadRSTConfig(name)
	}
	got, err := write("# udp_server\r\nsave_dir=/var/rst\nudp_port = 0.0.0.0:9527\nsave_rule=caller_callee_uuid.pcm\n\ncdr_dir=cdr\nwrite_hex=true\nstart_port=11000\nend_port=12000\n")
	want := map[string]string{"dir": "/var/rst", "listen": "0.0.0.0:9527", "save-rule": "caller_callee_uuid.pcm", "cdr-dir": "cdr", "write-hex": "true", "ports": "11000-12000"}
	if err != nil || len(got) != len(want) {
		t.Errorf("%v, %v", got, err)
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s is %q, want %q", k, got[k], v)
		}
	}
	if got, err := write("udp_port=9600"); err != nil || got["listen"] != "127.0.0.1:9600" {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"save_dir", "udp_prot=1", "write_hex=perhaps"} {
		if _, err := write(bad); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestRSTFloodCostsABoundedQueue(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Inactivity: time.Minute}})
	f := sender(t, p.Addr().String())
	f.say("INV :" + uuid + ":1:2")
	f.expect("ACK :" + uuid)
	began := time.Now()
	big := "DATA:" + uuid + ":R:10:60000:" + strings.Repeat("x", 60000)
	for range 300 {
		f.say(big)
		f.say("nonsense")
	}
	await(t, "the end", func() bool { // loopback drops what the sink does not keep up with
		f.say("BYE :" + uuid)
		return f.hear(100*time.Millisecond) == "ACK :"+uuid
	})
	e := p.await(sink.EventStop, 1)
	took := time.Since(began)
	if refused := p.all(sink.EventRefused); e.Frames == 0 || len(refused) > 5+int(took/time.Second) {
		t.Errorf("%d frames, %d lines of refusal in %v, want about one a second", e.Frames, len(refused), took)
	}
}

func TestRSTHostileDatagramsAreCountedByTheirFault(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Raw: true}})
	f := sender(t, p.Addr().String())
	f.say("INV :" + uuid + ":1:2")
	f.expect("ACK :" + uuid)
	counted := map[string]uint64{}
	for _, c := range []struct{ text, counter string }{
		{"", "rst_short"},
		{"INV ", "rst_short"},
		{strings.Repeat("\x00", 200), "rst_command"},
		{"inv :" + uuid + ":1:2", "rst_command"},
		{"INV:" + uuid + ":1:2", "rst_command"},
		{"data:" + uuid + ":R:00:1:x", "rst_command"},
		{"DATA :" + uuid + ":R:00:1:x", "rst_command"},
		{"INV ::1:2", "rst_uuid"},
		{"INV :" + uuid[:35] + "\n:1:2", "rst_uuid"},
		{"BYE :" + strings.Repeat("a", 8000), "rst_uuid"},
		{"DATA:../../../../etc/passwd:R:00:1:x", "rst_uuid"},
		{"INV :" + uuid + "0:1:2", "rst_uuid"},
		{"INV :" + uuid, "rst_fields"},
		{"INV :" + uuid + ":1", "rst_fields"},
		{"INV :" + uuid + ":1:2:5004", "rst_fields"},
		{"INV :" + uuid + ":1:2:5004:5005:5006", "rst_fields"},
		{"BYE :" + uuid + ":1", "rst_fields"},
		{"DATA:" + uuid + ":R:00", "rst_fields"},
		{"INV :" + uuid + ":1:" + strings.Repeat("2", 256), "rst_party"},
		{"INV :" + uuid + ":1:2:0:5005", "rst_port"},
		{"INV :" + uuid + ":1:2:5004:70000", "rst_port"},
		{"ACK :" + uuid + ":0:1", "rst_port"},
		{"ACK :" + uuid, "rst_ack"},
		{"ACK :" + uuid + ":1:2", "rst_ack"},
		{"DATA:" + uuid + ":RW:00:1:x", "rst_flag"},
		{"DATA:" + uuid + ":r:00:1:x", "rst_flag"},
		{"DATA:" + uuid + ":R::1:x", "rst_payload_type"},
		{"DATA:" + uuid + ":R:0:1:x", "rst_payload_type"},
		{"DATA:" + uuid + ":R:96:1:x", "rst_payload_type"},
		{"DATA:" + uuid + ":R:00:one:x", "rst_length"},
		{"DATA:" + uuid + ":R:00::x", "rst_length"},
		{"DATA:" + uuid + ":R:00:65508:x", "rst_length"},
		{"DATA:" + uuid + ":R:00:2:x", "rst_truncated"},
		{"BYE :" + uuid[:35] + "0", "rst_unknown"},
		{"DATA:" + uuid[:35] + "0:R:00:1:x", "rst_unknown"},
	} {
		f.say(c.text)
		counted[c.counter]++
		await(t, fmt.Sprintf("%s for %.60q", c.counter, c.text), func() bool { return p.counter(c.counter) == counted[c.counter] })
	}
	if s := p.Streams(); len(s) != 1 || len(p.files()) != 0 || len(p.all(sink.EventStart)) != 1 {
		t.Errorf("%+v, %v", s, p.files())
	}
	for _, e := range p.all(sink.EventRefused) {
		harmless(t, sink.Line(&e))
	}
	f.say("BYE :" + uuid)
	f.expect("ACK :" + uuid)
}
