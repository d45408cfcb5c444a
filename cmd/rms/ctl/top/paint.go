package top

import (
	"bytes"
	"io"
	"strconv"

	"rms/cmd/rms/graph"
)

// Sequences of terminals (ECMA-48, and xterm's private modes).
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J" // alternate screen, no cursor, no wrapping
	leave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
	begin = "\x1b[?2026h" // show nothing until
	end   = "\x1b[?2026l"
)

// looks are the styles with colours, dullLooks those without.
var (
	looks     = map[style]string{bold: "\x1b[1m", dim: "\x1b[2m", inverse: "\x1b[7m", warn: "\x1b[1;31m"}
	dullLooks = map[style]string{bold: "\x1b[1m", dim: "", inverse: "\x1b[7m", warn: "\x1b[1m"}
)

// painter writes frames, each with one Write that holds the rows that changed only.
type painter struct {
	out   io.Writer
	color bool
	rows  []string // on the screen
	b     bytes.Buffer
}

// clear forgets what is on the screen.
func (p *painter) clear() { p.rows = nil }

// paint shows a frame for a screen of so many columns.
func (p *painter) paint(frame []line, width int) error {
	p.b.Reset()
	p.b.WriteString(begin)
	if p.rows == nil || len(p.rows) != len(frame) {
		p.rows = make([]string, len(frame))
		p.b.WriteString("\x1b[0m\x1b[2J")
	}
	changed := p.b.Len() > len(begin)
	for i, l := range frame {
		text := p.styled(l)
		if text == p.rows[i] {
			continue
		}
		p.rows[i], changed = text, true
		p.b.WriteString("\x1b[" + strconv.Itoa(i+1) + ";1H")
		p.b.WriteString(text)
		if graph.Columns(l.String()) < width { // else it would take the last character
			p.b.WriteString("\x1b[K")
		}
	}
	if !changed {
		return nil
	}
	p.b.WriteString(end)
	_, err := p.out.Write(p.b.Bytes())
	return err //nolint:wrapcheck // of the terminal
}

func (p *painter) styled(l line) string {
	set := dullLooks
	if p.color {
		set = looks
	}
	var b bytes.Buffer
	for _, s := range l {
		look := set[s.style]
		b.WriteString(look)
		b.WriteString(s.text)
		if look != "" {
			b.WriteString("\x1b[0m")
		}
	}
	return b.String()
}
