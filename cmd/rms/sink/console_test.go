package sink_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/cmd/rms/sink"
)

// screen takes what a console writes.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const evil = "\x1b[2J\u009b31m\u202e\u2028\x7f\r\n\x00\xffok\U000e0041"

func TestConsoleJSONIsOneHarmlessObjectALine(t *testing.T) {
	t.Parallel()
	var out screen
	c := sink.NewConsole(sink.ConsoleOptions{Out: &out, JSON: true})
	c.Report(sink.Event{Event: sink.EventText, N: 1, ID: evil, Text: evil})
	c.Report(sink.Event{Event: sink.EventStop, Totals: &sink.Totals{Sides: []sink.Side{{Side: "mono", Level: -12.3}}}})
	c.Close()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%q", lines)
	}
	harmless(t, out.String())
	var e sink.Event
	if err := json.Unmarshal([]byte(lines[0]), &e); err != nil || e.Text != strings.ToValidUTF8(evil, "\uFFFD") {
		t.Errorf("%q, %v", e.Text, err)
	}
	for _, field := range []string{`"frames":0`, `"bytes":0`, `"max_gap_ms":0`, `"p99_gap_ms":0`, `"seconds":0`, `"level":-12.3`} {
		if !strings.Contains(lines[1], field) {
			t.Errorf("%s lacks %s", lines[1], field)
		}
	}
}

func TestConsoleLinesAreHarmless(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{sink.EventListen, sink.EventStart, sink.EventFormat, sink.EventText, sink.EventDigit, sink.EventProblem, sink.EventRefused, sink.EventStop, sink.EventSummary} {
		e := sink.Event{
			Event: kind, N: 1, ID: evil, Text: strings.Repeat(evil, 1000), Path: evil, Subprotocol: evil, Caller: evil, Callee: evil, Digit: evil,
			Totals: &sink.Totals{Why: evil, Digits: evil},
		}
		line := sink.Line(&e)
		if harmless(t, line); strings.Contains(line, "\n") || len(line) > 4000 {
			t.Errorf("%s: %d bytes, %q", kind, len(line), line)
		}
	}
}

func TestConsoleDrawsTheTableInPlace(t *testing.T) {
	t.Parallel()
	var out screen
	c := sink.NewConsole(sink.ConsoleOptions{Out: &out, Table: true, Every: 5 * time.Millisecond})
	p := start(t, sink.Options{Kind: sink.Websocket})
	c.Watch(p.Sink)
	await(t, "the table", func() bool { return strings.Count(out.String(), "\x1b[3A\r\x1b[J") > 3 })
	c.Report(sink.Event{Event: sink.EventProblem, Text: "told above the table"})
	await(t, "a line", func() bool {
		return strings.Contains(out.String(), "\x1b[3A\r\x1b[J") && strings.Contains(out.String(), "told above")
	})
	c.Close()
	text := out.String()
	last := text[strings.LastIndex(text, "\x1b[3A\r\x1b[J"):]
	if strings.Contains(last, "live") {
		t.Errorf("the table stays behind: %q", last)
	}
	i := strings.Index(text, "told above")
	if !strings.HasPrefix(text[strings.LastIndex(text[:i], "\x1b"):], "\x1b[J") {
		t.Errorf("the line is not above the table: %q", text[max(0, i-100):i])
	}
}

func TestConsoleOfAStoppedTerminalDoesNotHangTheEnd(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	c := sink.NewConsole(sink.ConsoleOptions{Out: w, JSON: true})
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 3000 { // more than waits: the stream that reports waits too
			c.Report(sink.Event{Event: sink.EventText})
		}
	})
	began := time.Now()
	c.Close()
	wg.Wait()
	if took := time.Since(began); took > patience {
		t.Errorf("the end took %v", took)
	}
	_ = r.Close() // frees the goroutine that prints
	c.Close()
}
