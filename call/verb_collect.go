package call

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxPrompts bounds the files of one collect.
const maxPrompts = 16

func init() {
	Register(&Verb{
		Name: "collect",
		Doc: "Plays a prompt and collects the keys that the caller presses, from telephone-events (RFC 4733) and SIP INFO. " +
			"The route runs once, with digits and reason: max, terminator, inter_timeout, first_timeout, stopped or hangup. " +
			"Keys of the last 10 s that nobody took count, unless the script has a route rms:dtmf of its own: that had them. " +
			"rms:dtmf comes for each key as ever. A try with fewer keys than min is repeated, prompt and all, while retries are left. " +
			"A prompt that cannot be played is told by rms:play_error, and keys are waited for all the same.",
		Result: "true",
		Waits:  "route",
		Params: []Param{
			{Name: "prompt", Kind: Value, Doc: "a file as for rms_play, or a list of files played one after the other, behind what plays already; what loops for ever makes way"},
			{Name: "min", Kind: Int, Default: int64(1), Min: 0, Max: 64, Doc: "how many keys are enough"},
			{Name: "max", Kind: Int, Default: int64(20), Min: 1, Max: 64, Doc: "how many keys end it at once"},
			{Name: "terminators", Kind: String, Default: "#", Doc: "keys that end it and do not count; empty for none"},
			{Name: "first_timeout", Kind: Duration, Default: 5 * time.Second, Unit: "s", Min: 0.01, Max: 3600, Doc: "for the first key, from the end of the prompt"},
			{Name: "inter_timeout", Kind: Duration, Default: 3 * time.Second, Unit: "s", Min: 0.01, Max: 3600, Doc: "for each further key"},
			{Name: "retries", Kind: Int, Default: int64(0), Min: 0, Max: 100, Doc: "how often it asks again"},
			{Name: "barge_in", Kind: Bool, Default: true, Doc: "the first key stops the prompt and what plays before it; else the prompt is heard to its end, and the keys count after it"},
			{Name: "route", Kind: Route, Default: EventCollect, Doc: "event route that runs with the keys"},
			{Name: "flush", Kind: Bool, Default: false, Doc: "keys pressed before do not count, nor those during a prompt without barge_in"},
			{Name: "mask", Kind: Bool, Default: false, Doc: "only the script sees the keys: stars in the log and in events for others"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			k, err := newCollect(a)
			if err != nil {
				return nil, &ArgError{Verb: "collect", Text: err.Error()}
			}
			return nil, x.call.collect(k)
		},
	})
	Register(&Verb{
		Name:   "collect_stop",
		Doc:    "Ends a collect: its prompt stops and its route runs with reason=stopped and the keys so far.",
		Result: "true when there was one, else false",
		Run: func(x *Exec, _ Args) (any, error) {
			k := x.call.collecting
			if k == nil {
				return false, nil
			}
			k.end(ReasonStopped, "")
			return true, nil
		},
	})
}

// newCollect reads the arguments that Bind cannot check.
func newCollect(a Args) (*collect, error) {
	k := &collect{
		route: a.String("route"), bargeIn: a.Bool("barge_in"), flush: a.Bool("flush"), mask: a.Bool("mask"),
		min: a.Int("min"), max: a.Int("max"), retries: a.Int("retries"),
		first: a.Duration("first_timeout"), inter: a.Duration("inter_timeout"),
	}
	if k.min > k.max {
		return nil, fmt.Errorf("parameter \"min\": %d keys are more than max=%d", k.min, k.max)
	}
	k.terminators = strings.ToUpper(a.String("terminators"))
	for i := range len(k.terminators) {
		if _, ok := key(k.terminators[i : i+1]); !ok {
			return nil, fmt.Errorf("parameter \"terminators\": %q is no key (0-9, *, #, A-D)", cut(a.String("terminators"), 40))
		}
	}
	var err error
	k.prompts, err = prompts(a.Value("prompt"))
	return k, err
}

// prompts reads a file name or a list of them.
func prompts(v any) ([]string, error) {
	var list []any
	switch t := v.(type) {
	case nil:
	case string:
		if t != "" {
			list = []any{t}
		}
	case []any:
		list = t
	case map[string]any: // an empty table has no kind
		if len(t) > 0 {
			return nil, errors.New("parameter \"prompt\": wants a file or a list of files, got a table with names")
		}
	default:
		return nil, errors.New("parameter \"prompt\": wants a file or a list of files, got " + describe(v))
	}
	if len(list) > maxPrompts {
		return nil, fmt.Errorf("parameter \"prompt\": at most %d files", maxPrompts)
	}
	var out []string
	for _, e := range list {
		s, ok := e.(string)
		switch {
		case !ok || s == "":
			return nil, errors.New("parameter \"prompt\": wants names of files, got " + describe(e))
		case len(s) > maxFileName:
			return nil, errors.New("parameter \"prompt\": a name has at most 1024 bytes")
		case strings.ContainsRune(s, 0):
			return nil, errors.New("parameter \"prompt\": must not contain a NUL byte")
		}
		out = append(out, s)
	}
	return out, nil
}
