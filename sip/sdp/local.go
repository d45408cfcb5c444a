package sdp

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"strings"

	pion "github.com/pion/sdp/v3"
)

const (
	plainRTP   = "RTP/AVP"
	maxRefused = 16  // formats repeated in a refused m-line
	maxToken   = 128 // bytes of a repeated token
)

// next starts the description that follows l: same origin, same places, same payload
// types. A nil l starts a call with an origin of its own.
func (l *Local) next() *Local {
	if l == nil {
		return &Local{Origin: Origin{ID: newID(), Version: 1}, proto: plainRTP}
	}
	n := *l
	n.bound, n.slots = slices.Clone(l.bound), slices.Clone(l.slots)
	if n.proto == "" {
		n.proto = plainRTP
	}
	return &n
}

// newID makes a session id of at most 62 bits, which every reader of o= can hold.
func newID() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, says its documentation
	return binary.BigEndian.Uint64(b[:])>>2 | 1
}

// answerSlots takes the places of the m-lines from an offer.
func (l *Local) answerSlots(s *session, audio int) {
	l.slots, l.audio = make([]*pion.MediaDescription, len(s.sections)), audio
	for i := range s.sections {
		if i != audio || s.sections[i].closed() {
			l.slots[i] = s.sections[i].refused()
		}
	}
	l.proto = strings.ToUpper(strings.Clone(s.sections[audio].transport()))
	l.timing = s.TimeDescriptions[0].Timing // equal to the offer's (RFC 3264 section 6)
}

// bind remembers the meaning of payload types; a later meaning wins.
func (l *Local) bind(list []Codec) {
	l.bound = slices.Grow(l.bound, len(list))
	for _, c := range list {
		i := slices.IndexFunc(l.bound, func(b Codec) bool { return b.PT == c.PT })
		if i < 0 {
			l.bound = append(l.bound, c)
			continue
		}
		l.bound[i] = c
	}
}

// payloadType finds the number for a codec of our offer: the one that it has in this
// call, else the one wished for, else a free dynamic one.
func (l *Local) payloadType(c Codec) (uint8, bool) {
	for _, b := range l.bound {
		if b.Same(c) {
			return b.PT, true
		}
	}
	fixed, isStatic := static[c.PT]
	if (c.PT >= firstDynamic && c.PT <= maxPT || isStatic && fixed.Same(c)) && l.free(c.PT) {
		return c.PT, true
	}
	for pt := uint8(firstDynamic); pt <= maxPT; pt++ {
		if l.free(pt) {
			return pt, true
		}
	}
	return 0, false
}

func (l *Local) free(pt uint8) bool {
	return !slices.ContainsFunc(l.bound, func(b Codec) bool { return b.PT == pt })
}

// refused is the m-line that refuses a section: port 0 and some of its formats (RFC
// 3264 section 6).
func (m *section) refused() *pion.MediaDescription {
	name := pion.MediaName{Media: token(m.MediaName.Media, "audio"), Protos: []string{token(m.transport(), plainRTP)}}
	for _, f := range m.MediaName.Formats[:min(len(m.MediaName.Formats), maxRefused)] {
		name.Formats = append(name.Formats, token(f, "0"))
	}
	if len(name.Formats) == 0 {
		name.Formats = []string{"0"}
	}
	return &pion.MediaDescription{MediaName: name}
}

// token repeats a word of the far end only when RFC 8866 allows its characters; "/"
// stands in transports.
func token(s, instead string) string {
	if s == "" || len(s) > maxToken {
		return instead
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte(`"(),:;<=>?@[\]`, c) >= 0 {
			return instead
		}
	}
	return strings.Clone(s) // not a view of the whole description for the length of the call
}
