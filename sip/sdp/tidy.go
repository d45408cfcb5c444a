package sdp

import (
	"strconv"
	"strings"
)

// Limits of what is read.
const (
	maxBody       = 1 << 16 // bytes
	maxSections   = 64      // m-lines
	maxFormats    = 256     // of one m-line; there are 128 payload types
	maxAttributes = 1024    // of those that we read, in the whole description
)

// preamble begins the tidied text. Offer/answer reads nothing of o= and s=, so what
// stands there is never in the way.
const preamble = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\n"

// tidy is the lenient pass in front of pion/sdp, which refuses a whole description for
// what is only untidy. It refuses itself what leaves the meaning in doubt, and says in
// which line; the other lines that we read it writes in the form and order of RFC 8866.
// Lines that say nothing to us go no further, so the parser's work is bounded.
type tidy struct {
	conn       string // value of the session's c=, as written
	timing     string // value of the first t=
	sections   []section
	attributes int
	session    strings.Builder // a= lines of the session
	media      strings.Builder // everything from the first m= on
}

// read takes a description line by line. Only this is an error: no v=0 at the start, a
// line that is not x=..., an m-line with too few fields, too much of everything.
func (t *tidy) read(text string) error {
	t.media.Grow(min(len(text), 1024))
	first := true
	for number := 1; text != ""; number++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line = strings.TrimRight(line, "\r \t\x00"); line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return badSDP(number, "%q is not of the form x=value", clip(line))
		}
		if first && line != "v=0" {
			return badSDP(number, "a description starts with v=0, not with %q", clip(line))
		}
		first = false
		if err := t.take(number, line[0], strings.TrimSpace(line[2:])); err != nil {
			return err
		}
	}
	if first {
		return badSDP(0, "empty SDP")
	}
	return nil
}

func (t *tidy) take(number int, kind byte, value string) error {
	switch kind {
	case 'm':
		return t.open(number, value)
	case 't':
		if t.timing == "" {
			t.timing = value
		}
	case 'c':
		t.connection(value)
	case 'a':
		return t.attribute(value)
	}
	return nil
}

// open writes an m-line. The parser knows few media and transports, so all go by the
// name of one that it knows, and get their own back from the section.
func (t *tidy) open(number int, value string) error {
	fields := strings.Fields(value)
	if len(fields) < 3 {
		return badSDP(number, "m=%s needs media, port, transport and formats", clip(value))
	}
	if len(t.sections) == maxSections {
		return notAcceptable(warnMediaType, "more than %d m-lines", maxSections)
	}
	m := section{line: number, kind: fields[0], proto: fields[2]}
	digits, _, _ := strings.Cut(fields[1], "/")
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		m.badPort, port = fields[1], 0
	}
	t.sections = append(t.sections, m)
	t.media.WriteString("m=audio ")
	t.media.WriteString(strconv.FormatUint(port, 10))
	t.media.WriteString(" RTP/AVP")
	for _, f := range fields[3:min(len(fields), 3+maxFormats)] {
		t.media.WriteByte(' ')
		t.media.WriteString(f)
	}
	t.media.WriteString("\r\n")
	return nil
}

// connection takes the first c= of the session or of an m-line.
func (t *tidy) connection(value string) {
	if len(t.sections) == 0 {
		if t.conn == "" {
			t.conn = value
		}
		return
	}
	if m := &t.sections[len(t.sections)-1]; m.conn == "" {
		m.conn = value
		writeConnection(&t.media, value)
	}
}

// writeConnection writes c= when the value is of its form: what has another is an error
// once somebody wants to send there.
func writeConnection(b *strings.Builder, value string) {
	fields := strings.Fields(value)
	if len(fields) != 3 || !strings.EqualFold(fields[0], "IN") {
		return
	}
	network := "IP4"
	if strings.EqualFold(fields[1], "IP6") {
		network = "IP6"
	}
	b.WriteString("c=IN " + network + " " + fields[2] + "\r\n")
}

// attribute writes an attribute that we read, its name in small letters.
func (t *tidy) attribute(value string) error {
	name, value, _ := strings.Cut(value, ":")
	name = strings.ToLower(name)
	b := &t.media
	if len(t.sections) == 0 {
		b = &t.session
	}
	if !reads(name, len(t.sections) > 0) {
		return nil
	}
	if t.attributes == maxAttributes {
		return notAcceptable(warnOther, "more than %d attributes of codecs, ptime, RTCP and direction", maxAttributes)
	}
	t.attributes++
	b.WriteString("a=")
	b.WriteString(name)
	if value = strings.TrimSpace(value); value != "" {
		b.WriteByte(':')
		b.WriteString(strings.ReplaceAll(value, "\r", " "))
	}
	b.WriteString("\r\n")
	return nil
}

// reads tells the attributes that mean something to us, in a section or outside of all.
func reads(name string, inSection bool) bool {
	switch name {
	case "rtpmap", "ptime", "maxptime", "rtcp", "rtcp-mux", "rtcp-mux-only", "label":
		return inSection
	}
	_, ok := directionNamed(name)
	return ok
}

// text is the whole description in the form and order of RFC 8866.
func (t *tidy) text() string {
	start, stop := timing(t.timing)
	var b strings.Builder
	b.Grow(len(preamble) + len(t.conn) + 64 + t.session.Len() + t.media.Len())
	b.WriteString(preamble)
	writeConnection(&b, t.conn)
	b.WriteString("t=" + strconv.FormatUint(start, 10) + " " + strconv.FormatUint(stop, 10) + "\r\n")
	b.WriteString(t.session.String())
	b.WriteString(t.media.String())
	return b.String()
}

// timing reads the value of t=, which the answer repeats (RFC 3264 section 6). What
// cannot be read is a session without bounds.
func timing(value string) (start, stop uint64) {
	fields := strings.Fields(value)
	if len(fields) != 2 {
		return 0, 0
	}
	start, err := strconv.ParseUint(fields[0], 10, 64)
	if err != nil {
		return 0, 0
	}
	if stop, err = strconv.ParseUint(fields[1], 10, 64); err != nil {
		return 0, 0
	}
	return start, stop
}
