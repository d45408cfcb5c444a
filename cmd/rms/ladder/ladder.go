// Package ladder draws the SIP exchange of a call while it happens: time, two lines, an
// arrow for each message.
//
//	l := ladder.New(ladder.Options{Out: os.Stdout})
//	l.Message(line) // of sip.Options.OnTrace
package ladder

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"rms/sip"
)

// Width is how many characters lie between the two lines.
const Width = 58

// Step is one line of the ladder.
type Step struct {
	Ms   float64 `json:"ms"` // since the INVITE
	From string  `json:"from,omitempty"`
	To   string  `json:"to,omitempty"`
	Text string  `json:"text"`
}

// Options say how a ladder is drawn.
type Options struct {
	Out   io.Writer
	ASCII bool   // without Unicode
	Full  bool   // with every message in full
	Us    string // who the left line is; empty: us
}

// Ladder draws the SIP exchange while it happens. One goroutine may use it.
type Ladder struct {
	o     Options
	began time.Time
	seen  map[string]bool
	steps []Step
}

// seenMost bounds what is remembered for the word "again".
const seenMost = 1000

// New returns a ladder without steps.
func New(o Options) *Ladder { return &Ladder{o: o, seen: map[string]bool{}} }

// Steps returns what was drawn.
func (l *Ladder) Steps() []Step { return l.steps }

// Message draws a message as an arrow.
func (l *Ladder) Message(t sip.TraceLine) {
	if l.began.IsZero() {
		l.began = t.Time
		l.head(t.Local.String(), t.Remote.String())
	}
	text := brief(t)
	key := fmt.Sprint(t.Sent, t.Text)
	if l.seen[key] {
		text += " again"
	}
	if len(l.seen) < seenMost {
		l.seen[key] = true
	}
	step := Step{Ms: l.Since(t.Time), From: t.Local.String(), To: t.Remote.String(), Text: text}
	if !t.Sent {
		step.From, step.To = step.To, step.From
	}
	l.steps = append(l.steps, step)
	l.draw(step.Ms, arrow(text, t.Sent, l.o.ASCII))
	if l.o.Full {
		for line := range strings.Lines(t.Text) {
			_, _ = fmt.Fprintf(l.o.Out, "             %s\n", Clean(line))
		}
	}
}

// Note adds what is no SIP: media, digits, what we decided.
func (l *Ladder) Note(at time.Time, format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	step := Step{Ms: l.Since(at), Text: text}
	l.steps = append(l.steps, step)
	l.draw(step.Ms, " "+fit(text, Width-2)+" ")
}

// Since returns the milliseconds from the first message to at.
func (l *Ladder) Since(at time.Time) float64 {
	if l.began.IsZero() {
		return 0
	}
	return float64(at.Sub(l.began).Microseconds()) / 1000
}

func (l *Ladder) bar() string {
	if l.o.ASCII {
		return "|"
	}
	return "│"
}

func (l *Ladder) head(ours, theirs string) {
	us := l.o.Us
	if us == "" {
		us = "us"
	}
	_, _ = fmt.Fprintf(l.o.Out, "%11s %-*s%*s\n", us, Width/2-2, ours, Width/2+2, theirs)
}

func (l *Ladder) draw(ms float64, inside string) {
	_, _ = fmt.Fprintf(l.o.Out, "%9.3f %s%s%s\n", ms/1000, l.bar(), inside, l.bar())
}

// arrow puts a text on an arrow of the ladder's width.
func arrow(text string, sent, ascii bool) string {
	line, right, left := "─", "▶", "◀"
	if ascii {
		line, right, left = "-", ">", "<"
	}
	text = " " + strings.TrimRight(fit(text, min(Width-10, utf8.RuneCountInString(text))), " ") + " "
	rest := Width - 1 - utf8.RuneCountInString(text)
	before := rest / 2
	if sent {
		return strings.Repeat(line, before) + text + strings.Repeat(line, rest-before) + right
	}
	return left + strings.Repeat(line, before) + text + strings.Repeat(line, rest-before)
}

// fit cuts or fills a text to a number of characters.
func fit(text string, width int) string {
	n := utf8.RuneCountInString(text)
	if n <= width {
		return text + strings.Repeat(" ", width-n)
	}
	runes := []rune(text)
	return string(runes[:max(0, width-2)]) + ".."
}

// brief is a start line made short: who, what, and whether SDP comes with it.
func brief(t sip.TraceLine) string {
	first := Clean(t.First)
	head, body, _ := strings.Cut(t.Text, "\r\n\r\n")
	first = strings.TrimSuffix(first, " SIP/2.0")
	if rest, ok := strings.CutPrefix(first, "SIP/2.0 "); ok {
		first = rest
		if method := MethodOf(head); method != "INVITE" && method != "" {
			first += " (" + method + ")"
		}
	} else if method, _, _ := strings.Cut(first, " "); method == "ACK" || method == "BYE" || method == "CANCEL" {
		first = method
	}
	if strings.HasPrefix(body, "v=") {
		first += " +SDP"
	}
	return first
}

// MethodOf returns the method of the CSeq of a message.
func MethodOf(head string) string {
	for line := range strings.Lines(head) {
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(strings.TrimSpace(name), "CSeq") {
			fields := strings.Fields(value)
			if len(fields) == 2 {
				return fields[1]
			}
		}
	}
	return ""
}

// Clean replaces what could move the cursor of a terminal.
func Clean(s string) string {
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s), "?")
}
