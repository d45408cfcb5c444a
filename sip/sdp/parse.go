package sdp

import (
	"bytes"
	"strings"
)

// Limits of what is read.
const (
	maxBody     = 1 << 16 // bytes
	maxSections = 64      // m-lines
)

// session is a description as read: views into its text, nothing judged yet.
type session struct {
	conn      string // value of c=
	timing    string // value of the first t=
	direction Direction
	sections  []section
}

// section is one m-line with what belongs to it.
type section struct {
	line      int // where m= stands, from 1
	kind      string
	port      string
	proto     string
	formats   []string
	conn      string
	direction Direction
	mux       bool
	rtcp      string // value of a=rtcp
	ptime     string
	maxptime  string
	rtpmap    [maxPT + 1]*Codec
}

// parse reads a description. Only what leaves its meaning in doubt is an error: no v=0
// at the start, a line that is not x=..., an m-line with too few fields.
func parse(body []byte) (*session, error) {
	if len(body) > maxBody {
		return nil, &Refusal{413, "Request Entity Too Large", warning(warnOther, "SDP of more than 64 KiB")}
	}
	text := string(bytes.TrimPrefix(body, []byte("\ufeff")))
	s, first := &session{}, true
	for number := 1; text != ""; number++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line = strings.TrimRight(line, "\r \t\x00"); line == "" {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return nil, badSDP(number, "%q is not of the form x=value", clip(line))
		}
		if first && line != "v=0" {
			return nil, badSDP(number, "a description starts with v=0, not with %q", clip(line))
		}
		first = false
		if err := s.take(number, line[0], strings.TrimSpace(line[2:])); err != nil {
			return nil, err
		}
	}
	if first {
		return nil, badSDP(0, "empty SDP")
	}
	return s, nil
}

func (s *session) take(number int, kind byte, value string) error {
	switch kind {
	case 'm':
		return s.open(number, value)
	case 't':
		if s.timing == "" {
			s.timing = value
		}
	case 'c':
		conn := &s.conn
		if m := s.last(); m != nil {
			conn = &m.conn
		}
		if *conn == "" {
			*conn = value
		}
	case 'a':
		name, arg, _ := strings.Cut(value, ":")
		s.attribute(strings.ToLower(name), strings.TrimSpace(arg))
	}
	return nil
}

func (s *session) last() *section {
	if len(s.sections) == 0 {
		return nil
	}
	return &s.sections[len(s.sections)-1]
}

func (s *session) open(number int, value string) error {
	fields := strings.Fields(value)
	if len(fields) < 3 {
		return badSDP(number, "m=%s needs media, port, transport and formats", clip(value))
	}
	if len(s.sections) == maxSections {
		return notAcceptable(warnMediaType, "more than %d m-lines", maxSections)
	}
	s.sections = append(s.sections, section{
		line: number, kind: fields[0], port: fields[1],
		proto: fields[2], formats: fields[3:], direction: s.direction,
	})
	return nil
}

func (s *session) attribute(name, value string) {
	m := s.last()
	for i, d := range directionNames {
		if name != d {
			continue
		}
		if m != nil {
			m.direction = Direction(i)
		} else {
			s.direction = Direction(i)
		}
		return
	}
	if m != nil {
		m.attribute(name, value)
	}
}

func (m *section) attribute(name, value string) {
	switch name {
	case "rtpmap":
		if c, ok := parseRtpmap(value); ok && m.rtpmap[c.PT] == nil {
			m.rtpmap[c.PT] = &c
		}
	case "rtcp-mux", "rtcp-mux-only":
		m.mux = true
	case "rtcp":
		m.rtcp = value
	case "ptime":
		m.ptime = value
	case "maxptime":
		m.maxptime = value
	}
}

// clip shortens what is quoted back in an error.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
