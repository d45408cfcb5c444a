package call

import (
	"errors"
	"unicode/utf8"
)

func init() {
	Register(&Verb{
		Name:   "record_mark",
		Doc:    "Names this place of a recording, for its sidecar and its picture.",
		Result: "the place, in ms from the beginning of the recording",
		Params: []Param{
			{Name: "text", Kind: String, Required: true, Doc: "at most 256 bytes"},
			{Name: "name", Kind: String, Default: defaultRecording, Doc: "as given to rms_record_start"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			text := a.String("text")
			if text == "" || len(text) > maxMarkName || !utf8.ValidString(text) {
				return nil, &ArgError{Verb: "record_mark", Text: `parameter "text": a mark has 1 to 256 bytes of UTF-8`}
			}
			r, err := x.call.recording(a.String("name"))
			if err != nil {
				return nil, err
			}
			if r.to == nil {
				return nil, errors.New("the recording has no media yet")
			}
			at := r.position()
			r.to.Mark(at, text)
			return at.Milliseconds(), nil
		},
	})
}
