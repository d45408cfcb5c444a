package sdp_test

import (
	"regexp"
	"strconv"
	"strings"

	pion "github.com/pion/sdp/v3"

	"rms/sip/sdp"
)

// check is what testing.T and rapid.T have in common.
type check interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// checkAnswer holds an answer against the rules that every answer obeys: as many
// m-lines as the offer with the same media in the same places, only payload types of
// the offer, at most one stream, no line that is not ours, and text that a strict
// parser takes.
func checkAnswer(t check, offer []byte, r *sdp.Result, c sdp.Caps) {
	t.Helper()
	text := string(r.SDP)
	offered, answered := mlines(string(offer)), mlines(text)
	if len(offered) != len(answered) {
		t.Fatalf("offer of %d m-lines, answer of %d:\n%s", len(offered), len(answered), text)
	}
	live := 0
	for i, a := range answered {
		o := offered[i]
		if a[1] != "0" {
			live++
			subset(t, o, a)
			if !strings.EqualFold(o[0], "audio") || !strings.EqualFold(o[2], a[2]) {
				t.Errorf("m-line %d answers %v with %v", i, o, a)
			}
		}
		if len(a) < 4 {
			t.Errorf("m-line %d without a format: %v", i, a)
		}
	}
	if live > 1 || live == 0 && r.Media.Remote.IsValid() {
		t.Errorf("%d streams answered, media %+v", live, r.Media)
	}
	checkText(t, text)
	checkMedia(t, r.Media, c)
}

func subset(t check, offered, answered []string) {
	t.Helper()
	have := map[int]bool{}
	for _, f := range offered[3:] {
		if n, err := strconv.Atoi(f); err == nil {
			have[n] = true
		}
	}
	for _, f := range answered[3:] {
		n, err := strconv.Atoi(f)
		if err != nil || !have[n] {
			t.Errorf("answer has payload type %s which the offer %v has not", f, offered)
		}
	}
}

// form is the shape of all that we write, by RFC 8866 section 9 and nobody's library.
var form = regexp.MustCompile(`^v=0\r\no=- \d+ \d+ IN IP[46] [0-9a-f.:]+\r\ns=-\r\nc=IN IP[46] [0-9a-f.:]+\r\nt=\d+ \d+\r\n` +
	`(m=\S+ \d{1,5} \S+( \S+)+\r\n(a=[a-z-]+(:\S+( \S+)*)?\r\n)*)+$`)

// checkText wants CRLF lines of visible characters in the form of RFC 8866, and pion to
// read them. pion knows only the registered media and transports, so refused lines of
// others are renamed.
func checkText(t check, text string) {
	t.Helper()
	if !strings.HasSuffix(text, "\r\n") || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Errorf("lines do not end in CRLF: %q", text)
	}
	if !form.MatchString(text) {
		t.Errorf("not of the form of RFC 8866:\n%s", text)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
	for i, line := range lines {
		for _, r := range line {
			if r < ' ' || r > '~' {
				t.Errorf("line %q has the character %q", line, r)
			}
		}
		if f := strings.Fields(strings.TrimPrefix(line, "m=")); strings.HasPrefix(line, "m=") && f[1] == "0" {
			lines[i] = "m=audio 0 RTP/AVP " + strings.Join(f[3:], " ")
		}
	}
	var parsed pion.SessionDescription
	if err := parsed.UnmarshalString(strings.Join(lines, "\r\n") + "\r\n"); err != nil {
		t.Errorf("a strict parser refuses our text: %v\n%s", err, text)
	}
}

func checkMedia(t check, m sdp.Media, c sdp.Caps) {
	t.Helper()
	if ms := m.Ptime.Milliseconds(); ms < 10 || ms > 60 || ms%10 != 0 {
		t.Errorf("ptime %v", m.Ptime)
	}
	if m.Remote.IsValid() && (m.Remote.Port() == 0 || m.Remote.Addr().IsMulticast() || m.Remote.Addr().IsUnspecified()) {
		t.Errorf("remote %v", m.Remote)
	}
	for _, to := range []bool{m.Remote.IsValid() && c.Own(m.Remote), m.RemoteRTCP.IsValid() && c.Own(m.RemoteRTCP)} {
		if to {
			t.Errorf("sends to our own port: %+v", m)
		}
	}
	if m.Hold && m.Direction.Sends() {
		t.Errorf("sends during hold: %+v", m)
	}
	known := false
	for _, have := range c.Codecs {
		known = known || have.Same(m.Codec)
	}
	if !known {
		t.Errorf("codec %v is not one of ours", m.Codec)
	}
}

// mlines returns the fields of each m= line that the reader counts.
func mlines(text string) [][]string {
	var list [][]string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, "\r \t\x00")
		if value, ok := strings.CutPrefix(line, "m="); ok {
			list = append(list, strings.Fields(value))
		}
	}
	return list
}
