package top

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/cmd/rms/ctl"
	"rms/cmd/rms/graph"
)

var update = flag.Bool("update", false, "write the golden files anew")

var start = time.Date(2026, 3, 4, 15, 0, 0, 0, time.UTC)

// status is that of a server after so many seconds.
func status(seconds float64, live int) *ctl.Status {
	n := uint64(seconds)
	return &ctl.Status{
		Version: "0.1", Began: start, Seconds: seconds, Ready: true, LogLevel: "info", Streams: 3,
		Calls:   ctl.CallStatus{Live: live, Total: 12 * n, Answered: 11 * n, Failed: n / 2},
		RTP:     ctl.RTPStatus{In: 50000 * n, Out: 50100 * n, Lost: int64(10 * n), JitterMS: 0.42, RTTMS: 3.1},
		Clock:   ctl.ClockStatus{Graphs: live, Bounds: []float64{0.05, 0.5, 10}, Counts: []uint64{200 * n, 9 * n, 0, 0}, Skipped: 2},
		Script:  ctl.ScriptStatus{File: "ivr.lua", Version: 1},
		Process: ctl.ProcessStatus{CPU: seconds * 0.34, RSS: 45 << 20, Routines: 31, Cores: 2},
	}
}

// fake is a call, the n-th of a server.
func fake(n int) call.CallInfo {
	at := start.Add(time.Duration(n) * time.Second)
	answered := at.Add(35 * time.Millisecond)
	c := call.CallInfo{
		ID: fmt.Sprintf("%08x-4b1e-49e9-bf30-%012x", 0x1000*n+0xa3, n), Kind: "sip", State: "answered",
		From: fmt.Sprintf("sip:+4930123%03d@carrier.example.net;user=phone", n), To: "sip:ivr@10.0.0.1", RURI: "sip:ivr@10.0.0.1", Source: "192.0.2.7:5060",
		Transport: "udp", SIPCallID: "a@b", Codec: "PCMU/8000", Remote: "192.0.2.7:16384", Direction: "sendrecv",
		Invited: at, Answered: &answered, Seconds: float64(3600 - n*61), Queue: n % 3,
		RTP: &call.RTPInfo{PacketsIn: uint64(1000 + n), PacketsOut: 1000, Lost: int64(n % 7), JitterMS: float64(n%5) * 1.5, RTTMS: 3, DelayMS: 40, Late: 2},
	}
	if n == 3 {
		c.RTP.Lost = 30
	}
	if n == 4 {
		c.State, c.Codec, c.RTP, c.Answered, c.Seconds = "early", "", nil, nil, 0
	}
	return c
}

// model has taken two samples with n calls.
func model(n int) *Model {
	m := NewModel("/run/rms.sock")
	for s := range 2 {
		sample := Sample{At: start.Add(time.Hour + time.Duration(s)*time.Second), Status: status(3600+float64(s), n), Total: n}
		for i := range n {
			sample.Calls = append(sample.Calls, fake(i))
		}
		m.Take(sample)
	}
	return m
}

func press(m *Model, keys ...Key) (last Action) {
	for _, k := range keys {
		last = m.Press(k)
	}
	return last
}

func picture(m *Model, width, height int) string {
	var b strings.Builder
	for _, l := range Render(m, width, height) {
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	return b.String()
}

func TestPicturesAreThoseThatWereLookedAt(t *testing.T) {
	cases := map[string]struct {
		width, height int
		model         func() *Model
	}{
		"table_80x24":  {80, 24, func() *Model { return model(30) }},
		"table_120x16": {120, 16, func() *Model { return model(5) }},
		"table_160x14": {160, 14, func() *Model { return model(5) }},
		"table_40x10":  {40, 10, func() *Model { return model(5) }},
		"empty_80x24":  {80, 24, func() *Model { return model(0) }},
		"first_80x12":  {80, 12, func() *Model { return NewModel("https://pbx.example.com:8443") }},
		"ascii_80x14": {80, 14, func() *Model {
			m := model(9)
			m.ASCII = true
			return m
		}},
		"loss_80x14": {80, 14, func() *Model {
			m := model(30)
			press(m, KeyDown, 's', KeyDown)
			return m
		}},
		"filter_80x14": {80, 14, func() *Model {
			m := model(30)
			press(m, '/', '2', '3', '0', '2')
			return m
		}},
		"confirm_80x14": {80, 14, func() *Model {
			m := model(9)
			press(m, KeyDown, 'h')
			return m
		}},
		"help_80x24": {80, 24, func() *Model {
			m := model(9)
			press(m, '?')
			return m
		}},
		"details_80x24": {80, 24, details3},
		"gone_80x24": {80, 24, func() *Model {
			m := details3()
			m.Take(Sample{At: start.Add(2 * time.Hour), Status: status(7200, 0), DetailErr: &ctl.Error{Status: 404, Detail: "gone"}})
			return m
		}},
		"noserver_80x12": {80, 12, func() *Model {
			m := model(3)
			m.Take(Sample{At: start.Add(time.Hour + time.Minute), Err: &ctl.NoServerError{Place: "/run/rms.sock", Err: errors.New("connection refused")}})
			return m
		}},
		"draining_80x12": {80, 12, func() *Model {
			m := model(3)
			s := status(3602, 3)
			s.Draining, s.Ready, s.Script.Error = true, false, "ivr.lua:3: unexpected \x1b[2J symbol"
			m.Take(Sample{At: start.Add(time.Hour), Status: s})
			return m
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := picture(c.model(), c.width, c.height)
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is now\n%s", file, got)
			}
		})
	}
}

// The pictures in the document are those of a test.
func TestDocumentShowsWhatIsDrawn(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile(filepath.FromSlash("../../../../docs/console.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"loss_80x14", "details_80x24"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
		if err != nil || !bytes.Contains(doc, text) {
			t.Errorf("docs/console.md does not have the picture %s (%v)", name, err)
		}
	}
}

// details3 shows the details of the call with the loss, after some seconds of it.
func details3() *Model {
	m := model(5)
	press(m, KeyDown, KeyDown, KeyDown, KeyEnter)
	for i := range 40 {
		c := fake(3)
		c.RTP.PacketsIn += uint64(50 * i)
		c.RTP.Lost += int64(i * i / 20)
		c.RTP.JitterMS = float64(i%12) * 2
		c.Plays = []call.PlayInfo{{File: "welcome.wav", Mode: "queue", State: "playing", PlayedMS: 1234}}
		c.Streams = []map[string]any{{"url": "ws://bot/x", "name": "bot", "state": "connected"}}
		c.Variables = map[string]any{"lang": "de", "evil": "\x1b[2J"}
		at := start.Add(time.Hour + time.Duration(i+2)*time.Second)
		m.Take(Sample{At: at, Status: status(3602+float64(i), 5), Calls: []call.CallInfo{fake(0), c}, Total: 2, Detail: &c})
	}
	return m
}

// Every frame has the size of the screen, whatever the screen and whatever the data.
func TestFramesFitEveryScreen(t *testing.T) {
	t.Parallel()
	wide := model(3)
	for i := range wide.sample.Calls {
		wide.sample.Calls[i].From = "sip:電話電話電話電話電話電話電話電話@例え.テスト"
		wide.sample.Calls[i].ID = "x"
	}
	for name, m := range map[string]*Model{"table": model(40), "details": details3(), "wide": wide, "new": NewModel(strings.Repeat("very long ", 30))} {
		for width := 20; width < 200; width += 9 {
			for height := 8; height < 50; height += 3 {
				for _, keys := range [][]Key{nil, {'h'}, {'n', '?'}, {'q', '/', 'x', KeyEscape}} {
					press(m, keys...)
					frame := Render(m, width, height)
					if len(frame) != height {
						t.Fatalf("%s: %d rows on %dx%d", name, len(frame), width, height)
					}
					for i, l := range frame {
						if n := graph.Columns(l.String()); n > width {
							t.Fatalf("%s: row %d has %d columns on %dx%d: %q", name, i, n, width, height, l)
						}
						if strings.ContainsAny(l.String(), "\x1b\n\r") {
							t.Fatalf("%s: %q", name, l)
						}
					}
				}
			}
		}
	}
}

func TestOnlyRowsThatChangedAreWritten(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	writes := 0
	p := painter{out: writerFunc(func(b []byte) (int, error) { writes++; return out.Write(b) }), color: true}
	m := model(30)
	draw := func() int {
		out.Reset()
		if err := p.paint(Render(m, 80, 24), 80); err != nil {
			t.Fatal(err)
		}
		return out.Len()
	}
	whole := draw()
	if writes != 1 || !strings.Contains(out.String(), "\x1b[2J") {
		t.Errorf("%d writes: %q", writes, out.String())
	}
	if n := draw(); n != 0 || writes != 1 {
		t.Errorf("%d bytes for nothing", n)
	}
	press(m, KeyDown)
	if n := draw(); n == 0 || n > whole/5 || writes != 2 || strings.Contains(out.String(), "\x1b[2J") {
		t.Errorf("%d bytes of %d, %d writes", n, whole, writes)
	}
	p.clear()
	if n := draw(); n != whole {
		t.Errorf("%d bytes to draw anew, %d at first", n, whole)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
