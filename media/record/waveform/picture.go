package waveform

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Picture is what is drawn beside the audio. Texts may come from anywhere: they are
// cleaned and escaped.
type Picture struct {
	Title   string
	Detail  string   // a line below the title
	Labels  []string // of the sides; what is missing is called side 1, side 2
	Pauses  []Span
	Gaps    []Gap
	Marks   []Mark
	Running bool // the recording goes on: the picture shows it up to now
}

// Gap is a stretch without audio that nobody asked for.
type Gap struct {
	Span
	Side   int // from 0; -1: all
	Reason string
}

// Mark is a place that somebody marked.
type Mark struct {
	At   time.Duration
	Text string
}

// maxText bounds a text of a picture, in characters.
const maxText = 120

// clean keeps what can be shown, on one line, of a text from outside.
func clean(text string, most int) string {
	var b strings.Builder
	n := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		switch {
		case r == utf8.RuneError && size == 1:
			r = '?'
		case r == '\t' || r == '\n' || r == '\r':
			r = ' '
		case !unicode.IsPrint(r):
			continue
		}
		if n++; n > most {
			return b.String() + "…"
		}
		b.WriteRune(r)
	}
	return b.String()
}

// label is the name of a side.
func (p *Picture) label(side int) string {
	if side < len(p.Labels) && p.Labels[side] != "" {
		return clean(p.Labels[side], 60)
	}
	return "side " + string(rune('1'+side))
}

// gapsOf gives f the gaps of a side, the total length of which it returns.
func (p *Picture) gapsOf(side int, f func(Gap)) (n int, sum time.Duration) {
	for _, g := range p.Gaps {
		if g.Side >= 0 && g.Side != side {
			continue
		}
		n++
		sum += g.Length
		if f != nil {
			f(g)
		}
	}
	return n, sum
}

// paused is the length of all pauses.
func (p *Picture) paused() (sum time.Duration) {
	for _, s := range p.Pauses {
		sum += s.Length
	}
	return sum
}

// clock writes a time of the recording: 0:07, 12:30, 1:02:03. Below a second the tenths
// count.
func clock(d time.Duration, tenths bool) string {
	d = max(d, 0)
	var b []byte
	if !tenths {
		d = d.Round(time.Second)
	}
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		b = append(appendInt(b, h, 1), ':')
		b = append(appendInt(b, m, 2), ':')
	} else {
		b = append(appendInt(b, m, 1), ':')
	}
	b = appendInt(b, s, 2)
	if tenths {
		b = append(b, '.', byte('0'+d%time.Second/(100*time.Millisecond)))
	}
	return string(b)
}

// brief is a length for people: 20 ms, 1.2 s.
func brief(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

func appendInt(b []byte, n, digits int) []byte {
	if n >= 10 || digits > 1 {
		b = appendInt(b, n/10, digits-1)
	}
	return append(b, byte('0'+n%10))
}

// steps are distances of the ticks of a time axis.
var steps = []time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second,
	15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// stepOf is the distance of ticks when there is room for so many.
func stepOf(long time.Duration, most int) time.Duration {
	for _, s := range steps {
		if int64(long/s) <= int64(most) {
			return s
		}
	}
	day := 24 * time.Hour
	return max(long/time.Duration(most)/day, 1) * day
}
