package call

import (
	"errors"
	"strings"
	"time"
)

// Why a collect ended, in the field "reason" of its event; ReasonStopped too.
const (
	ReasonMax          = "max"
	ReasonTerminator   = "terminator"
	ReasonInterTimeout = "inter_timeout"
	ReasonFirstTimeout = "first_timeout"
	ReasonHangup       = "hangup"
)

// collect gathers the keys that a caller presses after a prompt. It belongs to the
// call's mailbox.
type collect struct {
	call  *Call
	route string

	prompts      []string
	bargeIn      bool
	flush        bool // each try begins without what was typed before
	mask         bool
	min, max     int
	terminators  string
	first, inter time.Duration
	retries      int

	tries  int
	digits []byte
	plays  []*playing // prompts of this try that are not over
	held   typed      // keys pressed while a prompt that cannot be interrupted is heard
	timer  Timer
	turn   int // of the timer: one that was stopped may still fire
	over   bool
}

// errCollecting refuses a second collect of a call.
var errCollecting = &StateError{State: answered.String(), Text: "the call collects keys already: rms_collect_stop first"}

// collect begins to gather keys.
func (c *Call) collect(k *collect) error {
	switch {
	case c.leg == nil:
		return c.errState("rms_collect needs media: rms_answer or rms_progress first")
	case c.collecting != nil:
		return errCollecting
	case len(c.plays.queue)+len(c.plays.mixed)+len(k.prompts) > maxPlays:
		return errors.New("too many plays wait already")
	}
	k.call, c.collecting = c, k
	if k.mask {
		c.hideKeys(true)
	}
	c.info().Int("prompts", len(k.prompts)).Int("min", k.min).Int("max", k.max).Msg("collecting keys")
	k.try()
	return nil
}

// try asks once: what was typed already counts before the prompt is heard.
func (k *collect) try() {
	c := k.call
	k.tries++
	k.digits, k.held = nil, typed{}
	if k.flush {
		c.typed.flush()
	}
	if (k.bargeIn || len(k.prompts) == 0) && k.takeTyped(&c.typed) {
		return
	}
	if len(k.digits) == 0 {
		k.prompt()
	}
	if !k.over && len(k.plays) == 0 {
		k.listen()
	}
}

// takeTyped takes the keys that came before they were asked for; true when the try
// ended with them.
func (k *collect) takeTyped(from *typed) bool {
	try := k.tries
	for d := from.next(time.Now()); d != 0; d = from.next(time.Now()) {
		k.take(d)
		if k.over || k.tries != try {
			return true
		}
	}
	return false
}

// prompt plays what the caller is to hear, behind what plays; what plays for ever
// makes way.
func (k *collect) prompt() {
	c := k.call
	if len(k.prompts) == 0 {
		return
	}
	for _, p := range append([]*playing(nil), c.plays.queue...) {
		if p.loop == 0 {
			c.end(p, ReasonReplaced, nil)
		}
	}
	for _, file := range k.prompts {
		p := &playing{file: file, loop: 1, inner: k.heard}
		k.plays = append(k.plays, p)
	}
	for _, p := range append([]*playing(nil), k.plays...) {
		if err := c.play(p, "queue"); err != nil {
			c.end(p, ReasonError, err)
		}
	}
}

// heard takes the end of a prompt.
func (k *collect) heard(p *playing) {
	k.plays = without(k.plays, p)
	if k.over || len(k.plays) > 0 {
		return
	}
	if k.flush {
		k.held.flush()
	}
	if k.takeTyped(&k.call.typed) || k.takeTyped(&k.held) {
		return
	}
	if len(k.digits) == 0 {
		k.listen()
	}
}

// key takes a key from the caller.
func (k *collect) key(digit byte) {
	if len(k.plays) > 0 {
		if !k.bargeIn {
			k.held.add(digit, time.Now())
			return
		}
		k.hush()
	}
	k.take(digit)
}

// hush stops the prompts, and what plays before them.
func (k *collect) hush() {
	c := k.call
	list := k.plays
	k.plays = nil
	if len(list) == 0 {
		return
	}
	last := list[len(list)-1]
	for i, p := range c.plays.queue {
		if p == last {
			list = append([]*playing(nil), c.plays.queue[:i+1]...)
			c.plays.queue = append([]*playing(nil), c.plays.queue[i+1:]...)
			break
		}
	}
	for _, p := range list {
		p.inner = nil
		c.end(p, ReasonStopped, nil)
	}
}

// take counts a key in, or ends the try with it.
func (k *collect) take(digit byte) {
	if strings.IndexByte(k.terminators, digit) >= 0 {
		k.tried(ReasonTerminator, string(digit))
		return
	}
	if k.digits = append(k.digits, digit); len(k.digits) >= k.max {
		k.tried(ReasonMax, "")
		return
	}
	k.listen()
}

// listen waits for the next key.
func (k *collect) listen() {
	d, reason := k.first, ReasonFirstTimeout
	if len(k.digits) > 0 {
		d, reason = k.inter, ReasonInterTimeout
	}
	stopTimer(k.timer)
	k.turn++
	turn := k.turn
	k.timer = k.call.after(d, func() {
		if !k.over && k.turn == turn {
			k.tried(reason, "")
		}
	})
}

// tried ends a try; one with too few keys is followed by another when there may be
// one.
func (k *collect) tried(reason, terminator string) {
	k.turn++
	stopTimer(k.timer)
	if len(k.digits) < k.min && k.tries <= k.retries {
		k.hush()
		k.try()
		return
	}
	k.end(reason, terminator)
}

// end sends the event of the collect, once.
func (k *collect) end(reason, terminator string) {
	if k.over {
		return
	}
	c := k.call
	k.over = true
	stopTimer(k.timer)
	secret := k.mask || c.unheard()
	k.hush()
	c.collecting = nil
	digits := string(k.digits)
	shown := digits
	if secret || c.manager.opts.MaskDigits {
		shown = strings.Repeat("*", len(digits))
	}
	c.info().Str("digits", shown).Str("reason", reason).Int("tries", k.tries).Msg("keys collected")
	c.emit(&Event{Name: k.route, Kind: EventCollect, secret: secret, Fields: []Field{
		{"digits", digits}, {"reason", reason}, {"terminator", terminator}, {"tries", int64(k.tries)},
	}})
}
