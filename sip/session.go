package sip

import (
	"math/rand/v2"
	"time"
)

// session is the session timer of a dialog, RFC 4028: one side refreshes, and a
// dialog that is not refreshed ends.
type session struct {
	interval time.Duration
	ours     bool   // we refresh
	next     *timer // of a refresh by us, or of the end
	ends     time.Time
}

func randomBelow(n int) int { return rand.IntN(n) }

func seconds(d time.Duration) string { return itoa(int(d / time.Second)) }

// sessionExpires reads Session-Expires; 0 when there is none.
func (m *message) sessionExpires() (d time.Duration, refresher string) {
	v, ok := m.get("Session-Expires")
	if !ok {
		return 0, ""
	}
	end := 0
	for end < len(v) && v[end] >= '0' && v[end] <= '9' {
		end++
	}
	n, ok := number(v[:end], 1<<31)
	if !ok {
		return 0, ""
	}
	refresher, _ = params(v[end:]).get("refresher")
	return time.Duration(n) * time.Second, refresher
}

func (m *message) minSE() time.Duration {
	v, _ := m.get("Min-SE")
	n, _ := number(trim(v), 1<<31)
	return time.Duration(n) * time.Second
}

// knowsTimer tells whether the sender implements RFC 4028.
func (m *message) knowsTimer() bool {
	return m.lists("Supported", "timer") || m.lists("Require", "timer")
}

// tooBrief refuses a session interval below our minimum with 422.
func (u *UA) tooBrief(m *message) *Refusal {
	d, _ := m.sessionExpires()
	if d == 0 || d >= u.o.MinSE || !m.knowsTimer() {
		return nil
	}
	return Refuse(422, "", Header{"Min-SE", seconds(u.o.MinSE)})
}

// accept agrees on a timer as the UAS of an INVITE or UPDATE, starts it and
// returns what the 2xx says about it.
func (s *session) accept(d *Dialog, m *message) []Header {
	o := &d.u.o
	asked, refresher := m.sessionExpires()
	interval := o.SessionExpires
	if asked > 0 {
		interval = min(interval, asked)
	}
	interval = max(interval, o.MinSE, m.minSE())
	theirs := m.knowsTimer()
	s.start(d, interval, !theirs || refresher == "uas")
	h := []Header{{"Session-Expires", seconds(interval) + ";refresher=uac"}}
	if s.ours {
		h[0].Value = seconds(interval) + ";refresher=uas"
		return h
	}
	return append(h, Header{"Require", "timer"})
}

// confirm agrees on a timer as the UAC of an INVITE or UPDATE. A peer without
// RFC 4028 leaves the refreshing to us.
func (s *session) confirm(d *Dialog, m *message) {
	interval, refresher := m.sessionExpires()
	if interval == 0 {
		s.start(d, d.u.o.SessionExpires, true)
		return
	}
	s.start(d, max(interval, min(d.u.o.MinSE, d.u.o.SessionExpires)), refresher != "uas")
}

// ask is what our INVITE or UPDATE says about the timer.
func (s *session) ask(d *Dialog) []Header {
	interval, minSE := s.interval, d.u.o.MinSE
	if interval == 0 {
		interval = max(d.u.o.SessionExpires, minSE)
	}
	value := seconds(interval)
	if s.interval != 0 {
		value += map[bool]string{true: ";refresher=uac", false: ";refresher=uas"}[s.ours]
	}
	return []Header{{"Session-Expires", value}, {"Min-SE", seconds(minSE)}}
}

func (s *session) start(d *Dialog, interval time.Duration, ours bool) {
	s.stop(d.w)
	if d.told || interval <= 0 {
		return
	}
	s.interval, s.ours = interval, ours
	life := interval - min(32*time.Second, interval/3)
	s.ends = time.Now().Add(life)
	if ours {
		s.refreshIn(d, interval/2)
		return
	}
	s.next = d.w.in(life, d.sessionExpired)
}

// refreshIn waits for the next refresh, or the end when that is sooner.
func (s *session) refreshIn(d *Dialog, wait time.Duration) {
	d.w.stop(s.next)
	if left := time.Until(s.ends); left < wait {
		s.next = d.w.in(left, d.sessionExpired)
		return
	}
	s.next = d.w.in(wait, d.refreshSession)
}

func (s *session) stop(w *worker) {
	w.stop(s.next)
	s.next = nil
}

// sessionExpired ends a dialog that nobody refreshed.
func (d *Dialog) sessionExpired() {
	d.hangUp(reasonHeader(408, "Session expired"), Cause{By: ByTimeout, Code: 408, Text: "session timer expired"})
}

// refreshSession tells the far end that we are still here, by an UPDATE without
// body or, to peers without UPDATE, a re-INVITE with the session as it is.
func (d *Dialog) refreshSession() {
	if d.told || d.State() >= StateEnding {
		return
	}
	if d.State() != StateConfirmed || d.reinvite != nil || d.update != nil || d.ours != nil || d.accepted != nil {
		d.session.refreshIn(d, d.session.interval/20+time.Millisecond)
		return
	}
	d.session.next = d.w.in(time.Until(d.session.ends), d.sessionExpired)
	method, sdp := "UPDATE", []byte(nil)
	if !d.canUpdate {
		method, sdp = "INVITE", d.localSDP
	}
	d.change(method, Change{SDP: sdp}, 0, func(r *Response) {
		switch code := r.Code(); {
		case code < 300:
		case code == 422:
			d.session.interval = max(2*d.session.interval, r.m.minSE())
			d.session.refreshIn(d, 0)
		case code == 405 || code == 501:
			d.canUpdate = false
			d.session.refreshIn(d, 0)
		case code == 408 || code == 481:
			d.hangUp(reasonHeader(408, "Session not refreshed"),
				Cause{By: ByTimeout, Code: code, Text: "session refresh unanswered"})
		default:
			d.session.refreshIn(d, d.session.interval/10)
		}
	})
}
