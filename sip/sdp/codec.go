package sdp

import (
	"strconv"
	"strings"
)

// Codec is one RTP payload format as rtpmap names it.
type Codec struct {
	// Name is the encoding name; its case does not matter.
	Name string
	// PT is the payload type.
	PT uint8
	// ClockRate is in Hz: 8000 for G.722 though it samples at 16000 (RFC 3551 4.5.2).
	ClockRate int
	// Channels is 1 when it is 0.
	Channels int
	// Fmtp is the value of a=fmtp after the payload type.
	Fmtp string
}

// Same reports that c and d are one encoding, whatever their payload types.
func (c Codec) Same(d Codec) bool {
	return c.ClockRate == d.ClockRate && max(c.Channels, 1) == max(d.Channels, 1) && strings.EqualFold(c.Name, d.Name)
}

// String returns the form of rtpmap: "PCMU/8000", "L16/44100/2".
func (c Codec) String() string {
	s := c.Name + "/" + strconv.Itoa(c.ClockRate)
	if c.Channels > 1 {
		s += "/" + strconv.Itoa(c.Channels)
	}
	return s
}

const (
	maxPT        = 127
	firstDynamic = 96
	dtmfName     = "telephone-event"
	cnName       = "CN"
)

// static holds the audio payload types that need no rtpmap (RFC 3551 table 4).
var static = map[uint8]Codec{
	0:  {Name: "PCMU", ClockRate: 8000},
	3:  {Name: "GSM", PT: 3, ClockRate: 8000},
	4:  {Name: "G723", PT: 4, ClockRate: 8000},
	5:  {Name: "DVI4", PT: 5, ClockRate: 8000},
	6:  {Name: "DVI4", PT: 6, ClockRate: 16000},
	7:  {Name: "LPC", PT: 7, ClockRate: 8000},
	8:  {Name: "PCMA", PT: 8, ClockRate: 8000},
	9:  {Name: "G722", PT: 9, ClockRate: 8000},
	10: {Name: "L16", PT: 10, ClockRate: 44100, Channels: 2},
	11: {Name: "L16", PT: 11, ClockRate: 44100},
	12: {Name: "QCELP", PT: 12, ClockRate: 8000},
	13: {Name: cnName, PT: 13, ClockRate: 8000},
	14: {Name: "MPA", PT: 14, ClockRate: 90000},
	15: {Name: "G728", PT: 15, ClockRate: 8000},
	16: {Name: "DVI4", PT: 16, ClockRate: 11025},
	17: {Name: "DVI4", PT: 17, ClockRate: 22050},
	18: {Name: "G729", PT: 18, ClockRate: 8000},
}

// parseRtpmap reads "96 L16/16000/1". What cannot be read is not ok: its payload type
// then has no meaning, which is not an error of the whole description.
func parseRtpmap(value string) (c Codec, ok bool) {
	number, mapping, found := strings.Cut(value, " ")
	pt, err := parsePT(number)
	if !found || err != nil {
		return Codec{}, false
	}
	parts := strings.Split(strings.TrimSpace(mapping), "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" {
		return Codec{PT: pt}, true // known to be unknown: hides the static meaning
	}
	c = Codec{Name: parts[0], PT: pt, Channels: 1}
	if c.ClockRate, err = strconv.Atoi(parts[1]); err != nil {
		c.ClockRate = 0
	}
	if len(parts) == 3 {
		if c.Channels, err = strconv.Atoi(parts[2]); err != nil || c.Channels < 1 {
			return Codec{PT: pt}, true
		}
	}
	if c.PT == 9 && c.ClockRate == 16000 && strings.EqualFold(c.Name, "G722") {
		c.ClockRate = 8000 // a widespread mistake with an obvious meaning
	}
	return c, true
}

func parsePT(s string) (uint8, error) {
	n, err := strconv.ParseUint(s, 10, 7)
	return uint8(n), err
}
