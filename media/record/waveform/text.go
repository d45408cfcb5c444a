package waveform

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// TextOptions say how a picture of characters looks.
type TextOptions struct {
	Width int  // in characters; 0: 80
	Rows  int  // of each side; 0: 3
	ASCII bool // no other characters
	Color bool // with the colours of a terminal
}

// Bounds of a picture of characters.
const (
	minWidth = 40
	maxWidth = 400
)

// glyphs are how full a character is, from empty to full.
var (
	blocks = []rune(" ▁▂▃▄▅▆▇█")
	plain  = []rune(" .:-=+*#@")
)

// sgr are the colours of sides, then those of notes.
var sgr = []string{"34", "33", "32"}

const (
	sgrGap  = "31"
	sgrNote = "35"
	sgrDim  = "2"
)

// lines writes a picture of characters.
type lines struct {
	*bufio.Writer
	o    *Overview
	p    *Picture
	t    TextOptions
	long time.Duration
}

// Text draws the overview with characters: a lane for each side, below it a line with
// its gaps, then pauses and marks, and a time axis.
func (o *Overview) Text(w io.Writer, p Picture, t TextOptions) error {
	if t.Width <= 0 {
		t.Width = 80
	}
	if t.Rows <= 0 {
		t.Rows = 3
	}
	t.Width, t.Rows = min(max(t.Width, minWidth), maxWidth), min(t.Rows, 20)
	d := &lines{Writer: bufio.NewWriter(w), o: o, p: &p, t: t, long: o.Duration()}
	fmt.Fprintln(d, clean(p.Title, t.Width))
	if p.Detail != "" {
		d.say(sgrDim, clean(p.Detail, t.Width))
	}
	scale := float64(max(o.Peak(), 1024))
	for side := range o.Sides {
		d.lane(side, scale)
	}
	d.notes()
	d.axis()
	d.share()
	return d.Flush()
}

// paint puts a text between the codes of a colour.
func (d *lines) paint(colour, text string) string {
	if !d.t.Color || strings.TrimSpace(text) == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (d *lines) say(colour, text string) {
	fmt.Fprintln(d, d.paint(colour, strings.TrimRight(text, " ")))
}

// ascii writes a text without what no ASCII terminal has.
func (d *lines) ascii(text string) string {
	if !d.t.ASCII {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '·' || r == '–' || r == '…':
			return '-'
		case r > '~':
			return '?'
		}
		return r
	}, text)
}

func (d *lines) lane(side int, scale float64) {
	head := fmt.Sprintf("\n%s  %.0f %%", d.p.label(side), 100*d.o.Talk.Share(side))
	if n, sum := d.p.gapsOf(side, nil); n > 0 {
		head += fmt.Sprintf(" · %s, %s", counted(n, "gap"), brief(sum))
	}
	fmt.Fprintln(d, d.ascii(head))
	columns := d.o.Columns(side, d.t.Width)
	set := blocks
	if d.t.ASCII {
		set = plain
	}
	full := len(set) - 1
	for row := d.t.Rows - 1; row >= 0; row-- {
		line := make([]rune, d.t.Width)
		for i := range line {
			line[i] = ' '
			if i >= len(columns) {
				continue
			}
			b := &columns[i]
			height := float64(max(int(b.High), -int(b.Low))) / scale * float64(d.t.Rows*full)
			line[i] = set[min(max(int(height+0.5)-row*full, 0), full)]
		}
		d.say(sgr[side%3], string(line))
	}
	gaps := d.row()
	some := false
	d.p.gapsOf(side, func(g Gap) {
		some = true
		d.fill(gaps, g.Span, 'x')
	})
	if some {
		d.say(sgrGap, string(gaps))
	}
}

func (d *lines) row() []rune { return []rune(strings.Repeat(" ", d.t.Width)) }

// at is the column of a time.
func (d *lines) at(t time.Duration) int {
	if d.long <= 0 {
		return 0
	}
	return int(min(max(float64(t)/float64(d.long), 0), 1) * float64(d.t.Width))
}

// fill writes a character over a stretch, once at least.
func (d *lines) fill(line []rune, s Span, with rune) {
	from := min(d.at(s.At), len(line)-1)
	for i := from; i < max(d.at(s.At+s.Length), from+1); i++ {
		line[i] = with
	}
}

// notes writes what is for all sides.
func (d *lines) notes() {
	if len(d.p.Pauses) > 0 {
		line := d.row()
		for _, p := range d.p.Pauses {
			d.fill(line, p, '=')
		}
		d.say(sgrNote, string(line))
	}
	if len(d.p.Marks) == 0 {
		return
	}
	line := d.row()
	for i, m := range d.p.Marks {
		sign := '*'
		if i < 9 {
			sign = rune('1' + i)
		}
		d.fill(line, Span{At: m.At}, sign)
	}
	d.say(sgrNote, string(line))
}

// axis writes the times.
func (d *lines) axis() {
	rule, times := d.row(), d.row()
	for i := range rule {
		rule[i] = '-'
	}
	step := stepOf(d.long, d.t.Width/12)
	free := 0
	for at := time.Duration(0); at <= d.long; at += step {
		x := d.at(at)
		text := clock(at, step < time.Second)
		if x < len(rule) {
			rule[x] = '+'
		}
		if x >= free && x+len(text) <= len(times) {
			copy(times[x:], []rune(text))
			free = x + len(text) + 1
		}
	}
	d.say(sgrDim, string(rule))
	d.say(sgrDim, string(times))
}

// share writes who spoke, and what the signs mean.
func (d *lines) share() {
	t := &d.o.Talk
	heard := t.Heard()
	text := "length " + clock(d.long, true)
	if d.p.Running {
		text += ", still recording"
	}
	if heard > 0 {
		for side, alone := range t.Alone {
			text += fmt.Sprintf(" · %s alone %.0f %%", clean(d.p.label(side), 24), 100*float64(alone)/float64(heard))
		}
		if len(t.Alone) > 1 {
			text += fmt.Sprintf(" · both %.0f %%", 100*float64(t.Both)/float64(heard))
		}
		text += fmt.Sprintf(" · nobody %.0f %%", 100*float64(t.Silence)/float64(heard))
	}
	fmt.Fprintln(d, d.ascii(text))
	for i, m := range d.p.Marks {
		if i == 9 {
			fmt.Fprintf(d, "  and %s\n", counted(len(d.p.Marks)-i, "mark"))
			break
		}
		fmt.Fprintf(d, "  %d  %s  %s\n", i+1, clock(m.At, true), d.ascii(clean(m.Text, maxText)))
	}
	var key []string
	if len(d.p.Gaps) > 0 {
		key = append(key, "x gap")
	}
	if len(d.p.Pauses) > 0 {
		key = append(key, fmt.Sprintf("= paused (%s)", clock(d.p.paused(), true)))
	}
	if len(key) > 0 {
		d.say(sgrDim, strings.Join(key, "   "))
	}
}
