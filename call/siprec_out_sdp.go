package call

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"rms/media"
	"rms/sip/sdp"
)

// bind gives both sides their ports, at an address that leads to the recorder.
func (s *siprecOut) bind(local netip.Addr) error {
	o := &s.call.manager.opts
	at := place{bind: o.Bind.Unmap()}
	if !at.bind.IsValid() || at.bind.IsLoopback() != local.IsLoopback() && !at.bind.IsUnspecified() {
		at.bind = local.Unmap()
	}
	at.show = at.bind
	if at.bind.IsUnspecified() {
		at.show = local.Unmap()
	}
	if family(o.Advertise, at.bind) && !local.IsLoopback() && !local.IsPrivate() {
		at.show = o.Advertise.Unmap()
	}
	for i, side := range s.sides {
		if side != nil && side.at == at {
			continue
		}
		side.close(s.call)
		side, err := newSiprecSide(s.call, i, at)
		if err != nil {
			return err
		}
		s.sides[i] = side
	}
	return nil
}

// codecs lists what an offer has: the call's own first, so that packets can go on as
// they came.
func (s *siprecOut) codecs() []sdp.Codec {
	if cd := s.codec; cd.NewEncoder != nil {
		return []sdp.Codec{{Name: cd.Name, ClockRate: cd.ClockRate, Channels: cd.Channels, PT: payloadType(cd)}}
	}
	var list []sdp.Codec
	add := func(want func(sdp.Codec) bool) {
		for _, c := range offerable() {
			if want(c) {
				list = append(list, c)
				return
			}
		}
	}
	own := s.call.leg.codec
	same := func(c sdp.Codec) bool {
		return c.Same(sdp.Codec{Name: own.Name, ClockRate: own.ClockRate, Channels: own.Channels})
	}
	add(same)
	for _, name := range []string{"PCMU", "PCMA"} {
		add(func(c sdp.Codec) bool { return c.Name == name && !same(c) })
	}
	return list
}

// offer writes what we would send now: two m-lines with their labels (RFC 4574), each
// negotiated as the only stream of a call is.
func (s *siprecOut) offer() ([]byte, error) {
	codecs := s.codecs()
	for _, side := range s.sides {
		side.caps.Codecs, side.caps.Direction = codecs, s.direction(side)
		if side.refused {
			continue
		}
		local, err := sdp.Offer(side.caps, side.local)
		if err != nil {
			return nil, err
		}
		side.local = local
	}
	return s.join(), nil
}

// join makes one description of those of both sides. Its version goes up when it is
// another than the last one (RFC 3264 section 8).
func (s *siprecOut) join() []byte {
	var head string
	var lines strings.Builder
	for _, side := range s.sides {
		h, sections := cutSDP(side.local.SDP)
		head = h
		section := strings.TrimRight(strings.Join(sections, ""), "\r\n")
		if side.refused {
			section, _, _ = strings.Cut(section, "\r\n")
			f := strings.SplitN(section, " ", 3)
			section = f[0] + " 0 " + f[len(f)-1]
		}
		lines.WriteString(section + "\r\na=label:" + side.label + "\r\n")
	}
	if s.origin == 0 {
		s.origin = s.sides[0].local.Origin.ID
	}
	if lines.String() != s.described {
		s.version++
	}
	s.described = lines.String()
	_, rest, _ := strings.Cut(head, "\no=")
	_, rest, _ = strings.Cut(rest, "\n")
	address := s.sides[0].at.show
	kind := "IP4"
	if address.Is6() {
		kind = "IP6"
	}
	return fmt.Appendf(nil, "v=0\r\no=- %d %d IN %s %s\r\n%s%s", s.origin, s.version, kind, address, rest, s.described)
}

// cutSDP cuts a description in what stands before the first m-line and its media, each
// with its line ends.
func cutSDP(text []byte) (head string, sections []string) {
	for line := range bytes.Lines(text) {
		begins := len(line) > 1 && (line[0] == 'm' || line[0] == 'M') && line[1] == '='
		switch {
		case begins:
			sections = append(sections, string(line))
		case len(sections) == 0:
			head += string(line)
		default:
			sections[len(sections)-1] += string(line)
		}
	}
	return head, sections
}

// errBothRefused is the answer of a recorder that wants neither side.
var errBothRefused = errors.New("the recorder refuses both streams")

// agree reads the recorder's answer. A side that it does not take is no failure while
// it takes the other.
func (s *siprecOut) agree(answer []byte) error {
	head, sections := cutSDP(answer)
	var why error
	taken := 0
	for i, side := range s.sides {
		if side.refused {
			continue
		}
		if i >= len(sections) {
			side.refused = true
			continue
		}
		m, err := sdp.AcceptAnswer(side.local, []byte(head+sections[i]), side.caps)
		if err == nil {
			err = s.agreed(side, m)
		}
		if err != nil {
			side.refused, why = true, err
			continue
		}
		taken++
	}
	switch {
	case taken > 0:
		return nil
	case why != nil:
		return fmt.Errorf("%w: %w", errBothRefused, why)
	}
	return errBothRefused
}

// agreed notes what one side is to send, where it may go there.
func (s *siprecOut) agreed(side *siprecSide, m sdp.Media) error {
	cd, err := codecOf(&m)
	if err != nil {
		return err
	}
	for _, at := range []netip.AddrPort{m.Remote, m.RemoteRTCP} {
		if !at.IsValid() {
			continue
		}
		if err := s.rule.check("udp", at); err != nil {
			return err
		}
	}
	side.media, side.codec = m, cd
	return nil
}

// answer writes what we say to an offer of the recorder's: a hold, another address.
func (s *siprecOut) answer(offer []byte) ([]byte, error) {
	head, sections := cutSDP(offer)
	if len(sections) < len(s.sides) {
		return nil, errors.New("an offer with fewer m-lines than the session has")
	}
	var changes [2]*sdp.Result
	for i, side := range s.sides {
		if side.refused {
			continue
		}
		res, err := sdp.Answer([]byte(head+sections[i]), side.caps, side.local)
		if err != nil {
			return nil, err
		}
		changes[i] = res
	}
	for i, side := range s.sides {
		res := changes[i]
		if res == nil {
			continue
		}
		if err := s.agreed(side, res.Media); err != nil {
			return nil, err
		}
		side.local = res.Local
	}
	text := s.join()
	for _, extra := range sections[len(s.sides):] {
		line, _, _ := strings.Cut(extra, "\n")
		f := strings.Fields(line)
		if len(f) < 4 {
			return nil, errors.New("a broken m-line")
		}
		text = fmt.Appendf(text, "%s 0 %s %s\r\n", f[0], f[2], f[3])
	}
	return text, nil
}

// ptimeOf is the packet length that a side sends: the call's own, so that its packets
// can go on as they are.
func ptimeOf(l *leg) time.Duration {
	if l.rtp != nil && l.rtp.media.Ptime > 0 {
		return l.rtp.media.Ptime
	}
	return l.graph.TickLength()
}

// sameCodec tells whether two codecs are one encoding.
func sameCodec(a, b media.Codec) bool { return a.Encoding() == b.Encoding() }
