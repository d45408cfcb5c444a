package sdp

import "strings"

// rtpmaps is what a=rtpmap calls each payload type; the first line of a type counts.
type rtpmaps [maxPT + 1]*Codec

func (m *section) rtpmaps() (named rtpmaps) {
	for i := range m.Attributes {
		if m.Attributes[i].Key != "rtpmap" {
			continue
		}
		if c, ok := parseRtpmap(m.Attributes[i].Value); ok && named[c.PT] == nil {
			named[c.PT] = &c
		}
	}
	return named
}

// codec returns the meaning of a payload type.
func (named *rtpmaps) codec(pt uint8) (Codec, bool) {
	c, ok := static[pt]
	if n := named[pt]; n != nil {
		c, ok = *n, n.Name != "" && n.ClockRate > 0
	}
	c.PT, c.Channels = pt, max(c.Channels, 1)
	return c, ok
}

// codecs lists what a section offers, in its order, each payload type once.
func (m *section) codecs() []Codec {
	if m.list != nil {
		return m.list
	}
	var seen [maxPT + 1]bool
	named := m.rtpmaps()
	m.list = make([]Codec, 0, min(len(m.MediaName.Formats), len(seen)))
	for _, format := range m.MediaName.Formats {
		pt, err := parsePT(format)
		if err != nil || seen[pt] {
			continue
		}
		seen[pt] = true
		if c, ok := named.codec(pt); ok {
			m.list = append(m.list, c)
		}
	}
	return m.list
}

// choose takes the first codec of a list, in the list's order, that we have.
func choose(list, ours []Codec) (Codec, bool) {
	for _, theirs := range list {
		for _, c := range ours {
			if c.Same(theirs) {
				c.PT, c.Channels = theirs.PT, max(c.Channels, 1)
				return c, true
			}
		}
	}
	return Codec{}, false
}

// beside finds a format that goes along with the audio: telephone-event or CN. The one
// at the clock rate of the audio is right (RFC 4733 section 2.1, RFC 3389 section 4).
func beside(list []Codec, name string, clockRate int) (Codec, bool) {
	for _, c := range list {
		if c.ClockRate == clockRate && strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return Codec{}, false
}

// events finds telephone-event at the audio's rate, else at 8000 Hz: many phones name
// only that one beside a wideband codec.
func events(list []Codec, clockRate int) (Codec, bool) {
	if c, ok := beside(list, dtmfName, clockRate); ok {
		return c, true
	}
	return beside(list, dtmfName, 8000)
}

// names joins what was offered, for a refusal.
func names(list []Codec) string {
	var b strings.Builder
	for _, c := range list {
		if strings.EqualFold(c.Name, dtmfName) || strings.EqualFold(c.Name, cnName) {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		if b.Len() > 60 {
			return b.String() + "..."
		}
		b.WriteString(clip(c.String()))
	}
	if b.Len() == 0 {
		return "nothing that we know"
	}
	return b.String()
}
