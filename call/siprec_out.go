package call

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"rms/sip"
)

// maxSiprecs bounds the recorders that one call is sent to.
const maxSiprecs = 4

// siprecOut is a recording session of ours: a call to a recorder with two streams, what
// the caller says and what we send (RFC 7866, the recording client). All but what its
// sides say of the clock belongs to the mailbox of the call.
//
//	caller's packets --> relay --> session 1 --> recorder
//	our packets ------> relay --> session 2 --> recorder
//
// A side whose codec the recorder does not take is decoded and encoded anew.
type siprecOut struct {
	*siprecOptions
	call  *Call
	ua    *sip.UA
	sides [2]*siprecSide

	dialog *sip.Dialog
	try    int      // of how many recorders: answers to an earlier one are stale
	next   []string // recorders that a redirection named
	limit  *time.Timer

	words     siprecWords
	began     time.Time
	recording bool
	over      bool
	paused    bool // by the script
	changing  bool // a re-INVITE of ours waits for its answer
	again     bool // and there is more to say
	retries   int  // of a re-INVITE that could not be sent

	origin, version uint64 // in o=
	described       string // the media as we described them last
}

// errNoUA says that nobody gave the manager a user agent to place calls with.
var errNoUA = errors.New("this server places no calls")

// UseUA gives the manager the user agent that verbs place calls through.
func (m *Manager) UseUA(u *sip.UA) { m.ua.Store(u) }

// startSiprec begins a recording session. What cannot be known at once comes as events.
func (c *Call) startSiprec(o *siprecOptions) error {
	ua := c.manager.ua.Load()
	switch {
	case !c.leg.live():
		return c.errState("rms_siprec needs media: rms_answer first")
	case ua == nil:
		return errNoUA
	case slices.ContainsFunc(c.siprecs, func(s *siprecOut) bool { return s.name == o.name }):
		return fmt.Errorf("the call has a recording session %q already: stop it first, or give this one another name", o.name)
	case len(c.siprecs) >= maxSiprecs:
		return fmt.Errorf("the call has %d recording sessions already", maxSiprecs)
	}
	s := &siprecOut{siprecOptions: o, call: c, ua: ua, words: newSiprecWords(c)}
	c.siprecs = append(c.siprecs, s)
	s.limit = time.AfterFunc(o.timeout, func() { _ = c.box.must(s.expired) })
	s.place(o.to)
	return nil
}

// place finds out by which address of ours a recorder is reached, which may take a
// look-up, and then calls it.
func (s *siprecOut) place(to string) {
	c, ua, wait := s.call, s.ua, s.timeout
	s.try++
	try := s.try
	c.manager.spawn(func() {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		defer cancel()
		local, err := ua.LocalFor(ctx, to)
		_ = c.box.must(func() {
			switch {
			case s.over || s.try != try:
			case err != nil:
				s.unreached(503, err.Error(), sip.ByError)
			default:
				s.invite(to, local)
			}
		})
	})
}

// invite sends the INVITE from the mailbox.
func (s *siprecOut) invite(to string, local netip.Addr) {
	if err := s.bind(local); err != nil {
		s.fail(503, err.Error(), sip.ByError)
		return
	}
	offer, err := s.offer()
	if err != nil {
		s.fail(500, err.Error(), sip.ByError)
		return
	}
	kind, body := s.words.body(offer, s.sides)
	d, err := s.ua.Call(sip.CallOptions{
		To: to, From: s.from, SDP: offer, Body: body, ContentType: kind, Feature: "+sip.src",
		Headers: append([]sip.Header{requireSiprec}, s.headers...), User: s.user, Password: s.password, Check: s.rule.check,
	}, &siprecOwner{s: s, try: s.try})
	if err != nil {
		s.fail(400, err.Error(), sip.ByError)
		return
	}
	s.dialog = d
}

var requireSiprec = sip.Header{Name: "Require", Value: "siprec"}

// expired gives up on a recorder that does not answer.
func (s *siprecOut) expired() {
	if s.over || s.recording {
		return
	}
	s.fail(408, fmt.Sprintf("no answer in %s", s.timeout), sip.ByTimeout)
}

// unreached tries the next recorder that is known, or gives up.
func (s *siprecOut) unreached(code int, text, by string) {
	for len(s.next) > 0 && s.try < maxRecorders {
		to := s.next[0]
		s.next = s.next[1:]
		if host, err := recorderHost(to); err == nil {
			s.rule.to(host)
			s.dialog = nil
			s.place(to)
			return
		}
	}
	s.fail(code, text, by)
}

// maxRecorders bounds how many a chain of redirections may name.
const maxRecorders = 5

// fail ends a recording session that cannot be, or cannot go on.
func (s *siprecOut) fail(code int, text, by string) {
	if s.over {
		return
	}
	s.failed(code, text)
	s.stop(by, code, text)
}

// siprec finds a recording session by its name.
func (c *Call) siprec(name string) (*siprecOut, error) {
	i := slices.IndexFunc(c.siprecs, func(s *siprecOut) bool { return s.name == name })
	if i < 0 {
		return nil, fmt.Errorf("the call has no recording session %q", name)
	}
	return c.siprecs[i], nil
}

// stopSiprec ends one recording session.
func (c *Call) stopSiprec(name string) error {
	s, err := c.siprec(name)
	if err == nil {
		s.stop(sip.ByUs, 200, "stopped")
	}
	return err
}

// pauseSiprec keeps the audio from one recorder, or gives it again.
func (c *Call) pauseSiprec(name string, paused bool) error {
	s, err := c.siprec(name)
	if err == nil && s.paused != paused {
		s.paused = paused
		c.info().Str("siprec", name).Bool("paused", paused).Msg("siprec paused or resumed")
		s.changed()
	}
	return err
}

// stopSiprecs ends all of them; they leave the graph before its clock does.
func (c *Call) stopSiprecs() {
	for _, s := range slices.Clone(c.siprecs) {
		s.stop(sip.ByUs, 200, "the call's media ended")
	}
}

// stop ends the recording session: its audio now, its dialog as soon as that can be,
// which nobody waits for.
func (s *siprecOut) stop(by string, code int, text string) {
	if s.over {
		return
	}
	c := s.call
	s.over = true
	s.limit.Stop()
	c.siprecs = slices.DeleteFunc(c.siprecs, func(o *siprecOut) bool { return o == s })
	if s.dialog != nil {
		reason := ""
		if by != sip.ByUs && by != sip.ByCaller {
			reason = fmt.Sprintf("SIP;cause=%d;text=%q", code, text)
		}
		_ = s.dialog.Bye(reason) // it may be over
	}
	packets := uint64(0)
	for _, side := range s.sides {
		packets += side.close(c)
	}
	c.resettle()
	s.stopped(by, code, text, packets)
}

// siprecChanged tells the recorders of another codec, of hold and of its end.
func (c *Call) siprecChanged() {
	for _, s := range slices.Clone(c.siprecs) {
		s.changed()
	}
}

// resettle puts the players in the mode that fits those who listen now.
func (c *Call) resettle() {
	if l := c.leg; l.live() {
		encoded := c.alone()
		l.do(func() { setEncoded(encoded) })
	}
}
