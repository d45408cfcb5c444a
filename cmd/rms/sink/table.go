package sink

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	barFloor   = -60.0 // dBFS at the left end of a bar
	barLeast   = 7     // cells
	barMost    = 20
	fixedWidth = 52 // of a row without bars and id
	idLeast    = 10
	idWanted   = 36 // a UUID
)

// Table draws the live streams of a sink as lines, to fit a terminal of width by
// height characters: for each stream its number, id, codec and rate, seconds, a level
// bar for each side, frames a second, the longest gap and what was dropped.
func Table(rows []Status, sum Event, width, height int, ascii bool) []string {
	bar := min(barMost, max(barLeast, (width-fixedWidth-idWanted)/2))
	id := max(idLeast, min(idMost, width-fixedWidth-2*bar))
	var out []string
	put := func(format string, values ...any) {
		out = append(out, cut(strings.TrimRight(fmt.Sprintf(format, values...), " "), width-1))
	}
	put("")
	put("%4s %-*s %-9s %6s %-*s %-*s %5s %6s %5s", "#", id, "stream", "codec/kHz", "time", bar+4, "left, R", bar+4, "right, W", "fr/s", "gap ms", "drop")
	most := max(1, height-5)
	for i, r := range rows {
		if i == most {
			put("     ... and %d more", len(rows)-most)
			break
		}
		put("%4d %-*s %-9s %6s %s %s %5.1f %6d %5d", r.N, id, narrow(r.ID, id), codecName(r), short(r.Seconds),
			meter(r.Sides, 0, bar, ascii), meter(r.Sides, 1, bar, ascii), r.PerSec, r.Gap.Milliseconds(), r.Dropped)
	}
	put("%d live, %d in all%s; Ctrl-C ends them", len(rows), sum.Streams, counted(sum.Counters))
	return out
}

func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:max(0, most)])
}

// narrow keeps an id to characters that are one cell wide: a row that wraps would
// break the picture.
func narrow(id string, most int) string {
	return cut(strings.Map(func(r rune) rune {
		if r >= 0x300 {
			return '?'
		}
		return r
	}, Clean(id, most)), most)
}

func codecName(r Status) string {
	if r.Rate == 0 {
		return cut(r.Codec, 9)
	}
	return cut(fmt.Sprintf("%s/%g", r.Codec, float64(r.Rate)/1000), 9)
}

// short writes 12.3 and 1h02m in six characters.
func short(s float64) string {
	d := time.Duration(s) * time.Second
	switch {
	case s < 600:
		return fmt.Sprintf("%.1f", s)
	case s < 36000:
		return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// eighths are the ends of a bar, an eighth of a cell each.
var eighths = []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}

// meter draws the level of one side: a bar and dBFS.
func meter(sides []Meter, i, cells int, ascii bool) string {
	if i >= len(sides) {
		return strings.Repeat(" ", cells+4)
	}
	v := sides[i].DBFS
	text := "  --"
	if v > -100 {
		text = fmt.Sprintf("%4.0f", v)
	}
	share := max(0, min(1, (v-barFloor)/-barFloor))
	if ascii {
		n := int(math.Round(share * float64(cells)))
		return strings.Repeat("#", n) + strings.Repeat(".", cells-n) + text
	}
	n := int(math.Round(share * float64(cells) * 8))
	full := strings.Repeat("█", n/8) + eighths[n%8]
	return full + strings.Repeat(" ", cells-utf8.RuneCountInString(full)) + text
}
