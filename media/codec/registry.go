package codec

import (
	"slices"
	"strings"

	"rms/media"
)

// registry is filled by the init functions of the codecs' files and only read
// afterwards.
var registry []media.Codec

// Register adds a codec. It is called from the init function of a codec's file
// and panics on a codec that is incomplete or already there: a mistake in the
// program, seen at its start.
func Register(c media.Codec) {
	if c.Name == "" || c.ClockRate <= 0 || c.Rate <= 0 || c.Channels <= 0 || c.Bits <= 0 ||
		c.NewEncoder == nil || c.NewDecoder == nil {
		panic("codec: " + c.Encoding() + " is registered incomplete")
	}
	if _, ok := Lookup(c.Name, c.ClockRate, c.Channels); ok {
		panic("codec: " + c.Encoding() + " is registered twice")
	}
	registry = append(registry, c)
	slices.SortStableFunc(registry, order)
}

// order puts the codecs with a static payload type first, by that type, then
// the others by name and clock rate, whatever the order of the files.
func order(a, b media.Codec) int {
	switch {
	case a.PT != b.PT && a.PT >= 0 && b.PT >= 0:
		return a.PT - b.PT
	case a.PT != b.PT:
		return b.PT - a.PT
	case a.Name != b.Name:
		return strings.Compare(a.Name, b.Name)
	}
	return a.ClockRate - b.ClockRate
}

// Lookup finds a codec by the name, clock rate in Hz and channels of an rtpmap.
// Names are compared without case (RFC 4855 section 3); 0 channels mean 1.
func Lookup(name string, clockRate, channels int) (media.Codec, bool) {
	channels = max(channels, 1)
	for _, c := range registry {
		if c.ClockRate == clockRate && c.Channels == channels && strings.EqualFold(c.Name, name) {
			return c, true
		}
	}
	return media.Codec{}, false
}

// Static finds the codec of a static payload type (RFC 3551 section 6), which
// needs no rtpmap.
func Static(pt uint8) (media.Codec, bool) {
	for _, c := range registry {
		if c.PT == int(pt) {
			return c, true
		}
	}
	return media.Codec{}, false
}

// All returns the codecs: static payload types first, by number, then the others
// by name and clock rate. The slice is the caller's.
func All() []media.Codec { return slices.Clone(registry) }
