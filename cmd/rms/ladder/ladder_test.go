package ladder_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rms/cmd/rms/ladder"
	"rms/sip"
)

func traced(sent bool, text string) sip.TraceLine {
	first, _, _ := strings.Cut(text, "\r\n")
	return sip.TraceLine{
		Time: time.Unix(100, 0), Sent: sent, First: first, Text: text,
		Local: netip.MustParseAddrPort("127.0.0.1:40000"), Remote: netip.MustParseAddrPort("127.0.0.1:5060"),
	}
}

func TestLadderShowsDirectionSDPAndRepetition(t *testing.T) {
	var b bytes.Buffer
	l := ladder.New(ladder.Options{Out: &b})
	l.Message(traced(true, "INVITE sip:a@b SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n"))
	l.Message(traced(false, "SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n"))
	l.Message(traced(false, "SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n"))
	l.Message(traced(true, "BYE sip:"+strings.Repeat("x", 200)+" SIP/2.0\r\nCSeq: 2 BYE\r\n\r\n"))
	l.Message(traced(false, "SIP/2.0 200 \x1b[31mOK\r\nCSeq: 2 BYE\r\n\r\n"))
	l.Note(time.Unix(101, 0), "%s", strings.Repeat("note ", 40))
	got := b.String()
	for _, want := range []string{"─ INVITE sip:a@b +SDP ─", "▶│", "│◀", " 180 Ringing again ", " BYE ─", "200 [31mOK (BYE)", "    1.000 │ note"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	for _, line := range lines[1:] {
		if n := utf8.RuneCountInString(strings.TrimLeft(line, " ")); n != ladder.Width+len("0.000 ")+2 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	if len(l.Steps()) != 6 || l.Steps()[1].From != "127.0.0.1:5060" || l.Steps()[5].Ms != 1000 {
		t.Errorf("%+v", l.Steps())
	}
}

func TestASCIILadderHasNoOtherCharacters(t *testing.T) {
	var b bytes.Buffer
	l := ladder.New(ladder.Options{Out: &b, ASCII: true, Full: true})
	l.Message(traced(true, "INVITE sip:a@b SIP/2.0\r\nSubject: \x1b[2J\r\n\r\n"))
	l.Note(time.Unix(100, 0), "note")
	for _, c := range b.Bytes() {
		if c >= 0x80 || c < ' ' && c != '\n' {
			t.Fatalf("byte %#x in %q", c, b.String())
		}
	}
}
