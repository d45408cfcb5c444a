package sdp

import (
	"bytes"
	"slices"

	pion "github.com/pion/sdp/v3"
)

// session is a description as read by pion/sdp, and what it has no place for. Nothing
// is judged yet.
type session struct {
	pion.SessionDescription

	conn     string // value of c= as written
	sections []section
}

// section is one m-line with what belongs to it.
type section struct {
	*pion.MediaDescription

	line    int    // where m= stands, from 1
	kind    string // media and transport as written, until restore
	proto   string
	badPort string  // the port as written when it is none
	conn    string  // value of c= as written
	list    []Codec // what codecs returns
}

// parse reads a description: see tidy for what it forgives.
func parse(body []byte) (*session, error) {
	if len(body) > maxBody {
		return nil, &Refusal{413, "Request Entity Too Large", warning(warnOther, "SDP of more than 64 KiB")}
	}
	var t tidy
	if err := t.read(string(bytes.TrimPrefix(body, []byte("\ufeff")))); err != nil {
		return nil, err
	}
	s := &session{conn: t.conn, sections: t.sections}
	if err := s.UnmarshalString(t.text()); err != nil {
		return nil, badSDP(0, "%v", err) // never: the text is tidy
	}
	for i, d := range s.MediaDescriptions {
		s.sections[i].restore(d)
	}
	return s, nil
}

// restore gives an m-line its own media and transport back.
func (m *section) restore(d *pion.MediaDescription) {
	d.MediaName.Media, d.MediaName.Protos = m.kind, []string{m.proto}
	m.MediaDescription = d
}

// last returns the value of an attribute that counts the last time it is there.
func (m *section) last(name string) string {
	for _, a := range slices.Backward(m.Attributes) {
		if a.Key == name {
			return a.Value
		}
	}
	return ""
}

// mux is true when the far end takes RTCP on the RTP port (RFC 5761, RFC 8858).
func (m *section) mux() bool {
	_, may := m.Attribute("rtcp-mux")
	_, must := m.Attribute("rtcp-mux-only")
	return may || must
}

// direction is what the far end wants, in its own view.
func (s *session) direction(m *section) Direction {
	for _, list := range [][]pion.Attribute{m.Attributes, s.Attributes} {
		for _, a := range slices.Backward(list) {
			if d, ok := directionNamed(a.Key); ok {
				return d
			}
		}
	}
	return SendRecv
}

// clip shortens what is quoted back in an error.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
