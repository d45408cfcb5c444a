package call

import "errors"

// maxFileName bounds what goes into logs and events with a play.
const maxFileName = 1024

func init() {
	Register(&Verb{
		Name:   "play",
		Doc:    "Plays a file to the caller, resampled and mixed to the call's codec. Files lie in media.roots or are embedded; \"tone:440\" and \"tone:440/2s\" play a tone, \"silence:2s\" silence. The route runs when the last sample was sent, or when the play was stopped, replaced or impossible.",
		Result: "true",
		Waits:  "route",
		Params: []Param{
			{Name: "file", Kind: String, Required: true, Doc: "what to play"},
			{Name: "route", Kind: Route, Doc: "event route that runs at the end; without one the end of a play from a script hangs up"},
			{Name: "mode", Kind: String, Default: "queue", Enum: []string{"queue", "replace", "mix"}, Doc: "after what plays already, in place of it, or mixed with it"},
			{Name: "loop", Kind: Value, Default: int64(1), Doc: "how many times, 1 to 1000000; true is for ever"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			loop, err := loops(a.Value("loop"))
			if err != nil {
				return nil, &ArgError{Verb: "play", Text: err.Error()}
			}
			if len(a.String("file")) > maxFileName {
				return nil, &ArgError{Verb: "play", Text: `parameter "file": a name has at most 1024 bytes`}
			}
			p := &playing{
				file: a.String("file"), route: a.String("route"), loop: loop,
				script: x.Origin == FromScript && !x.viaAPI,
			}
			return nil, x.call.play(p, a.String("mode"))
		},
	})
}

// loops reads how often a file is played; 0 is for ever.
func loops(v any) (int, error) {
	if forever, ok := v.(bool); ok {
		if forever {
			return 0, nil
		}
		return 1, nil
	}
	n, ok := toFloat(v)
	if !ok || n < 1 || n > 1e6 || n != float64(int(n)) {
		return 0, errors.New("parameter \"loop\": wants true, or how many times from 1 to 1000000, got " + describe(v))
	}
	return int(n), nil
}
