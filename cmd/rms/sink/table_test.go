package sink_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rms/cmd/rms/sink"
)

func shown() ([]sink.Status, sink.Event) {
	return []sink.Status{
		{
			N: 1, ID: "40325ec2-5efd-4bd3-805f-53576e581d13", Codec: "L16", Rate: 16000, Seconds: 12.34, PerSec: 50, Gap: 23400 * time.Microsecond,
			Sides: []sink.Meter{{Side: "left", DBFS: -20}, {Side: "right", DBFS: -120}},
		},
		{N: 2, ID: "\x1b[31mred", Codec: "PCMU", Rate: 8000, Seconds: 754, PerSec: 99.96, Gap: 1200 * time.Millisecond, Dropped: 7, Sides: []sink.Meter{{Side: "R", DBFS: 0}, {Side: "W", DBFS: -57.2}}},
		{N: 103, ID: "日本", Seconds: 36061},
	}, sink.Event{Totals: &sink.Totals{Streams: 103}, Counters: map[string]uint64{"rst_short": 3, "full": 1}}
}

func TestTableOfAWideTerminal(t *testing.T) {
	t.Parallel()
	rows, sum := shown()
	want := `
   # stream                               codec/kHz   time left, R         right, W         fr/s gap ms  drop
   1 40325ec2-5efd-4bd3-805f-53576e581d13 L16/16      12.3 ███████▍    -20              --  50.0     23     0
   2 \x1b[31mred                          PCMU/8     12:34 ███████████   0 ▌           -57 100.0   1200     7
 103 ??                                             10h01m                                   0.0      0     0
3 live, 103 in all, full 1, rst_short 3; Ctrl-C ends them`
	if got := strings.Join(sink.Table(rows, sum, 110, 24, false), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableOfANarrowTerminalWithoutUnicode(t *testing.T) {
	t.Parallel()
	rows, sum := shown()
	want := `
   # stream         codec/kHz   time left, R     right, W     fr/s gap ms  drop
   1 40325ec2-5efd- L16/16      12.3 #####.. -20 .......  --  50.0     23     0
   2 \x1b[31mred    PCMU/8     12:34 #######   0 ....... -57 100.0   1200     7
     ... and 1 more
3 live, 103 in all, full 1, rst_short 3; Ctrl-C ends them`
	if got := strings.Join(sink.Table(rows, sum, 80, 7, true), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTableFitsAnyTerminal(t *testing.T) {
	t.Parallel()
	rows, sum := shown()
	for range 100 {
		rows = append(rows, rows[0])
	}
	for _, size := range [][2]int{{80, 24}, {40, 10}, {20, 3}, {300, 200}} {
		for _, ascii := range []bool{false, true} {
			lines := sink.Table(rows, sum, size[0], size[1], ascii)
			if len(lines) > max(size[1]-1, 5) {
				t.Errorf("%v: %d lines", size, len(lines))
			}
			for _, l := range lines {
				if n := utf8.RuneCountInString(l); n >= size[0] {
					t.Errorf("%v: a line of %d characters", size, n)
				}
				if ascii && strings.IndexFunc(l, func(r rune) bool { return r > 126 }) >= 0 {
					t.Errorf("no ASCII: %s", l)
				}
				harmless(t, l)
			}
		}
	}
}
