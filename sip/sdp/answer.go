package sdp

import (
	"net/netip"
	"strings"
)

// Answer reads an offer and writes our answer to it: one audio stream with one codec,
// every other m-line refused with port 0. prev is the Local of this call's last
// description, nil for the first. An error is a *Refusal.
func Answer(offer []byte, caps Caps, prev *Local) (*Result, error) {
	s, err := parse(offer)
	if err != nil {
		return nil, err
	}
	audio, media, err := s.pick(caps, prev)
	if err != nil {
		return nil, err
	}
	local := prev.next()
	local.answerSlots(s, audio)
	local.bind(s.sections[audio].codecs())
	local.current = media.Codec
	if err := local.write(caps, media.stream()); err != nil {
		return nil, err
	}
	return &Result{SDP: local.SDP, Media: media, Local: local}, nil
}

// pick takes the audio m-line to answer: the one in use, else the first that we can,
// else one that the far end closed.
func (s *session) pick(caps Caps, prev *Local) (int, Media, error) {
	order := make([]int, 0, len(s.sections)+1)
	if prev != nil && prev.audio < len(s.sections) && len(prev.SDP) > 0 {
		order = append(order, prev.audio)
	}
	for i := range s.sections {
		order = append(order, i)
	}
	closed, kept, why := -1, Media{}, error(nil)
	for _, i := range order {
		media, err := s.agree(&s.sections[i], caps, prev)
		switch {
		case err == nil && !s.sections[i].closed():
			return i, media, nil
		case err == nil && closed < 0:
			closed, kept = i, media
		case err != nil && why == nil && s.sections[i].isAudio():
			why = err
		}
	}
	if closed >= 0 {
		return closed, kept, nil
	}
	if why == nil {
		why = noAudio(s)
	}
	return 0, Media{}, why
}

// usable tells why a section is not one for us.
func (m *section) usable() error {
	if !m.isAudio() {
		return notAcceptable(warnMediaType, "m=%s is not audio", clip(m.MediaName.Media))
	}
	if proto := m.transport(); !strings.EqualFold(proto, plainRTP) && !strings.EqualFold(proto, "RTP/AVPF") {
		return notAcceptable(warnMediaType, "transport %s is not RTP/AVP", clip(proto))
	}
	return nil
}

func (m *section) isAudio() bool { return strings.EqualFold(m.MediaName.Media, "audio") }

func (m *section) transport() string { return strings.Join(m.MediaName.Protos, "/") }

func noAudio(s *session) error {
	if len(s.sections) == 0 {
		return badSDP(0, "no m= line in the SDP")
	}
	for i := range s.sections {
		if s.sections[i].isAudio() {
			return s.sections[i].usable()
		}
	}
	return s.sections[0].usable()
}

// agree works out what a section means for us.
func (s *session) agree(m *section, caps Caps, prev *Local) (Media, error) {
	if err := m.usable(); err != nil {
		return Media{}, err
	}
	if m.closed() {
		return closedMedia(prev)
	}
	to, hold, err := s.remote(m)
	if err != nil {
		return Media{}, err
	}
	if err := reachable(to, caps); err != nil {
		return Media{}, err
	}
	list := m.codecs()
	codec, ok := choose(list, caps.Codecs)
	if !ok {
		return Media{}, notAcceptable(warnFormat, "no common codec: offered %s, we have %s", names(list), names(caps.Codecs))
	}
	theirs := s.direction(m)
	if hold {
		theirs = theirs.And(SendOnly)
	}
	media := Media{
		Codec: codec, Remote: to, Mux: m.mux() && caps.Mux, MaxPtime: milliseconds(m.last("maxptime")),
		Direction: theirs.Reverse().And(caps.Direction), Hold: !theirs.Receives(),
	}
	media.RemoteRTCP = m.remoteRTCP(to, media.Mux, caps.Own)
	media.Ptime = ptime(codec, milliseconds(m.last("ptime")), media.MaxPtime, caps.Ptime)
	media.besides(list, caps)
	return media, nil
}

// besides adds telephone-event and comfort noise where both ends have them.
func (m *Media) besides(list []Codec, caps Caps) {
	if dtmf, ok := events(list, m.Codec.ClockRate); ok && caps.DTMF {
		m.DTMFType, m.DTMFRate = dtmf.PT, dtmf.ClockRate
	}
	if cn, ok := beside(list, cnName, m.Codec.ClockRate); ok && caps.CN {
		m.CNType = cn.PT
	}
}

// closed is true for an m-line whose stream the far end took away (port 0).
func (m *section) closed() bool { return m.badPort == "" && m.MediaName.Port.Value == 0 }

// closedMedia is a stream that was there and is taken away: some phones hold so. A call
// that starts without a stream is no call.
func closedMedia(prev *Local) (Media, error) {
	if prev == nil || len(prev.bound) == 0 {
		return Media{}, notAcceptable(warnMediaType, "the audio has port 0")
	}
	codec := prev.current
	if codec.ClockRate == 0 {
		codec = prev.bound[0]
	}
	return Media{Codec: codec, Ptime: ptimeDefault, Direction: Inactive, Hold: true}, nil
}

// reachable refuses an address of the other IP family and our own ports.
func reachable(to netip.AddrPort, caps Caps) error {
	if !to.IsValid() {
		return nil
	}
	if caps.Addr.IsValid() && to.Addr().Is4() != caps.Addr.Unmap().Is4() {
		return notAcceptable(warnMediaType, "no way from %s to the media address %s", caps.Addr, to.Addr())
	}
	if caps.Own != nil && caps.Own(to) {
		return notAcceptable(warnMediaType, "media address %s is our own", to)
	}
	return nil
}

// stream is what an answer says of its audio.
func (m Media) stream() stream {
	list := []Codec{m.Codec}
	if m.DTMFType != 0 {
		list = append(list, Codec{Name: dtmfName, PT: m.DTMFType, ClockRate: m.DTMFRate, Fmtp: "0-15"})
	}
	if m.CNType != 0 {
		list = append(list, Codec{Name: cnName, PT: m.CNType, ClockRate: m.Codec.ClockRate})
	}
	return stream{formats: list, ptime: m.Ptime, direction: m.Direction, mux: m.Mux}
}
