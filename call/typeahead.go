package call

import "time"

// What a caller types before anybody asks counts when it is asked for within
// typedLongest, and no more than the newest typedKept keys.
const (
	typedLongest = 10 * time.Second
	typedKept    = 32
)

// typed are the keys that nobody has taken yet.
type typed struct{ keys []typedKey }

type typedKey struct {
	digit byte
	at    time.Time
}

func (t *typed) add(digit byte, now time.Time) {
	if len(t.keys) == typedKept {
		t.keys = t.keys[:copy(t.keys, t.keys[1:])]
	}
	t.keys = append(t.keys, typedKey{digit, now})
}

// next takes the oldest key that still counts; 0 when there is none.
func (t *typed) next(now time.Time) byte {
	for len(t.keys) > 0 {
		k := t.keys[0]
		t.keys = t.keys[1:]
		if now.Sub(k.at) <= typedLongest {
			return k.digit
		}
	}
	t.keys = nil
	return 0
}

// flush forgets what was typed.
func (t *typed) flush() { t.keys = nil }

// pressed takes a key that the caller pressed: a collect gets it, else the next one
// does, unless the script has a route of its own for keys, which had it.
func (c *Call) pressed(digit byte) {
	switch {
	case c.collecting != nil:
		c.collecting.key(digit)
	case !c.router.Has(EventDTMF):
		c.typed.add(digit, time.Now())
	}
}

// hideKeys has traces of SIP messages hide the keys of the call, from now to its end.
func (c *Call) hideKeys(on bool) {
	hide := c.manager.opts.HideKeys
	if hide == nil || c.dialog == nil || c.hidden == on {
		return
	}
	c.hidden = on
	hide(c.dialog.CallID(), on)
}

// masking tells whether keys are hidden from all but the script now.
func (c *Call) masking() bool { return c.collecting != nil && c.collecting.mask || c.unheard() }
