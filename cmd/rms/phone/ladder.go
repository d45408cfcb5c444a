package phone

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"rms/sip"
)

const ladderWidth = 58 // between the two lines

// Step is one line of the ladder.
type Step struct {
	Ms   float64 `json:"ms"` // since the INVITE
	From string  `json:"from,omitempty"`
	To   string  `json:"to,omitempty"`
	Text string  `json:"text"`
}

// ladder draws the SIP exchange while it happens.
type ladder struct {
	out   io.Writer
	ascii bool
	full  bool
	began time.Time
	seen  map[string]bool
	steps []Step
}

func newLadder(out io.Writer, ascii, full bool) *ladder {
	return &ladder{out: out, ascii: ascii, full: full, seen: map[string]bool{}}
}

func (l *ladder) message(t sip.TraceLine) {
	if l.began.IsZero() {
		l.began = t.Time
		l.head(t.Local.String(), t.Remote.String())
	}
	text := brief(t)
	key := fmt.Sprint(t.Sent, t.Text)
	if l.seen[key] {
		text += " again"
	}
	if len(l.seen) < 1000 {
		l.seen[key] = true
	}
	step := Step{Ms: l.since(t.Time), From: t.Local.String(), To: t.Remote.String(), Text: text}
	if !t.Sent {
		step.From, step.To = step.To, step.From
	}
	l.steps = append(l.steps, step)
	l.draw(step.Ms, arrow(text, t.Sent, l.ascii))
	if l.full {
		for line := range strings.Lines(t.Text) {
			_, _ = fmt.Fprintf(l.out, "             %s\n", clean(line))
		}
	}
}

// note adds what is no SIP: media, digits, what we decided.
func (l *ladder) note(at time.Time, format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	step := Step{Ms: l.since(at), Text: text}
	l.steps = append(l.steps, step)
	l.draw(step.Ms, " "+fit(text, ladderWidth-2)+" ")
}

func (l *ladder) since(at time.Time) float64 {
	if l.began.IsZero() {
		return 0
	}
	return float64(at.Sub(l.began).Microseconds()) / 1000
}

func (l *ladder) bar() string {
	if l.ascii {
		return "|"
	}
	return "│"
}

func (l *ladder) head(ours, theirs string) {
	half := ladderWidth / 2
	_, _ = fmt.Fprintf(l.out, "         us %-*s%*s\n", half-2, ours, half+2, theirs)
}

func (l *ladder) draw(ms float64, inside string) {
	_, _ = fmt.Fprintf(l.out, "%9.3f %s%s%s\n", ms/1000, l.bar(), inside, l.bar())
}

// arrow puts a text on an arrow of the ladder's width.
func arrow(text string, sent, ascii bool) string {
	line, right, left := "─", "▶", "◀"
	if ascii {
		line, right, left = "-", ">", "<"
	}
	text = " " + strings.TrimRight(fit(text, min(ladderWidth-10, utf8.RuneCountInString(text))), " ") + " "
	rest := ladderWidth - 1 - utf8.RuneCountInString(text)
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
	first := clean(t.First)
	head, body, _ := strings.Cut(t.Text, "\r\n\r\n")
	first = strings.TrimSuffix(first, " SIP/2.0")
	if rest, ok := strings.CutPrefix(first, "SIP/2.0 "); ok {
		first = rest
		if method := methodOf(head); method != "INVITE" && method != "" {
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

func methodOf(head string) string {
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

// clean replaces what could move the cursor of a terminal.
func clean(s string) string {
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s), "?")
}
