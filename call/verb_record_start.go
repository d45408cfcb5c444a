package call

import (
	"errors"
	"fmt"
)

func init() {
	Register(&Verb{
		Name: "record_start",
		Doc: "Records the call into a WAV file below record.root, which can be played at any moment and lacks at most a second when the server is killed. " +
			"Both sides are placed by their RTP time lines, so that they stay in step. Asked for before there is media, the recording begins with it. " +
			"Its end is told once, by rms:record_stop or the route, when the file is closed, hashed and in the chain.",
		Result: "the file's name below record.root; true when it has none yet, before there is media. " +
			"A name that record.name made and that is taken gets a number when the file is opened, a moment later: rms:record_start tells the final one",
		Waits: "route",
		Params: []Param{
			{Name: "file", Kind: String, Doc: "below record.root, ending in .wav; one that exists is an error, unless append. record.name makes one when missing"},
			{Name: "name", Kind: String, Default: defaultRecording, Doc: "of the recording: a call may have several"},
			{Name: "sides", Kind: String, Enum: []string{"caller", "callee", "mixed", "stereo"}, Doc: "stereo: caller left, callee right; callee is what we send to the caller. record.sides when missing"},
			{Name: "format", Kind: String, Enum: []string{"pcm", "wav", "ulaw", "alaw"}, Doc: "samples in the file: pcm (wav is the same) has 16 bits, the others 8. record.format when missing"},
			{Name: "rate", Kind: Int, Unit: "Hz", Min: 8000, Max: 48000, Doc: "of the file; that of the call's codec when missing"},
			{Name: "max", Kind: Duration, Unit: "s", Max: 7 * 86400, Doc: "the recording ends by itself after this time"},
			{Name: "silence_stop", Kind: Duration, Unit: "s", Max: 86400, Doc: "it ends after so much silence of all its sides"},
			{Name: "silence_threshold", Kind: Float, Unit: "dBFS", Min: -90, Max: -1, Doc: "what is softer is silence; -45 when missing"},
			{Name: "beep", Kind: Bool, Default: false, Doc: "the caller hears a tone first; it is not in the file"},
			{Name: "append", Kind: Bool, Default: false, Doc: "go on at the end of a file of the same form"},
			{Name: "trim", Kind: Bool, Default: false, Doc: "cut silence off both ends, but for 200 ms"},
			{Name: "terminators", Kind: String, Default: "", Doc: "keys that end it"},
			{Name: "required", Kind: Bool, Doc: "no recording, no call. Asked for before the answer, 200 and early media wait until the file is open, and the INVITE gets 503 when it cannot be, or not within record.open_timeout. A call that was answered gets BYE. record.required when missing"},
			{Name: "fill", Kind: String, Enum: []string{"silence", "tone"}, Doc: "what the file holds where it was paused; record.fill when missing"},
			{Name: "encrypt", Kind: Bool, Doc: "false: not, although record.encrypt has keys"},
			{Name: "route", Kind: Route, Default: EventRecordStop, Doc: "event route that runs at its end"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			r, err := x.call.newRecording(a)
			if err != nil {
				return nil, err
			}
			if err := x.call.record(r); err != nil {
				return nil, err
			}
			if f := r.file(); f != "" {
				return f, nil
			}
			return nil, nil
		},
	})
}

var (
	errRecordName = errors.New("a recording has a name of 1 to 1024 bytes")
	errNoKeys     = errors.New("there is no key to encrypt to: set record.encrypt")
)

func recordParam(name string, err error) error {
	return &ArgError{Verb: "record_start", Text: fmt.Sprintf("parameter %q: %s", name, err)}
}

// areKeys refuses a list of keys with something else in it.
func areKeys(list string) error {
	for i := range len(list) {
		if _, ok := key(list[i : i+1]); !ok {
			return fmt.Errorf("%q is no key (0-9, *, #, A-D)", cut(list, 40))
		}
	}
	return nil
}
