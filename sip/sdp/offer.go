package sdp

import (
	"slices"
	"strconv"

	pion "github.com/pion/sdp/v3"
)

// Offer writes our offer: the one of a call that we place, of an INVITE that came
// without one, or of our own re-INVITE. prev is the Local of this call's last
// description, nil for the first; m-lines and payload types keep their places. The
// codec in use comes first.
func Offer(caps Caps, prev *Local) (*Local, error) {
	local := prev.next()
	if len(local.slots) == 0 {
		local.slots = []*pion.MediaDescription{nil}
	}
	local.slots[local.audio] = nil
	formats, err := local.offered(caps)
	if err != nil {
		return nil, err
	}
	liked := ptime(formats[0], caps.Ptime, 0, 0)
	audio := stream{formats: formats, ptime: liked, direction: caps.Direction, mux: caps.Mux}
	if err := local.write(caps, audio); err != nil {
		return nil, err
	}
	return local, nil
}

// offered lists the formats of an offer and binds their payload types.
func (l *Local) offered(caps Caps) ([]Codec, error) {
	codecs := slices.Clone(caps.Codecs)
	slices.SortStableFunc(codecs, func(a, b Codec) int { return l.rank(a) - l.rank(b) })
	var formats []Codec
	add := func(c Codec) {
		pt, ok := l.payloadType(c)
		if !ok {
			return
		}
		c.PT = pt
		l.bind([]Codec{c})
		formats = append(formats, c)
	}
	for _, c := range codecs {
		add(c)
	}
	if len(formats) == 0 {
		return nil, notAcceptable(warnFormat, "no codec to offer")
	}
	for _, rate := range clockRates(codecs) {
		if caps.DTMF {
			add(Codec{Name: dtmfName, PT: 101, ClockRate: rate, Fmtp: "0-15"})
		}
	}
	if caps.CN && slices.Contains(clockRates(codecs), 8000) {
		add(Codec{Name: cnName, PT: 13, ClockRate: 8000})
	}
	return formats, nil
}

func (l *Local) rank(c Codec) int {
	if c.Same(l.current) {
		return 0
	}
	return 1
}

// clockRates lists each rate once, in the order of the codecs.
func clockRates(codecs []Codec) []int {
	var rates []int
	for _, c := range codecs {
		if !slices.Contains(rates, c.ClockRate) {
			rates = append(rates, c.ClockRate)
		}
	}
	return rates
}

// AcceptAnswer reads the far end's answer to our offer. caps are those of the offer. An
// error means that the call has no media: it ends with BYE.
func AcceptAnswer(offered *Local, answer []byte, caps Caps) (Media, error) {
	s, err := parse(answer)
	if err != nil {
		return Media{}, err
	}
	if len(s.sections) <= offered.audio {
		return Media{}, badSDP(0, "answer of %d m-lines to our offer of %d", len(s.sections), len(offered.slots))
	}
	m := &s.sections[offered.audio]
	if m.isAudio() && m.closed() {
		return Media{}, notAcceptable(warnMediaType, "the answer refuses our audio")
	}
	for _, c := range offered.bound { // a type that we named and the answer does not
		m.WithValueAttribute("rtpmap", strconv.Itoa(int(c.PT))+" "+c.String())
	}
	media, err := s.agree(m, caps, offered)
	if err != nil {
		return Media{}, err
	}
	media.Hold = media.Hold && caps.Direction.Sends()
	return media, nil
}
