package call

import (
	"strings"

	"github.com/rs/zerolog"
)

// maxLogged bounds a line that a script writes, in bytes, so that one script
// cannot fill the log with a few calls.
const maxLogged = 4096

func init() {
	Register(&Verb{
		Name:   "log",
		Doc:    "Writes a line to the log, with the call's id.",
		Result: "true",
		NoCall: true,
		Params: []Param{
			{Name: "text", Kind: String, Required: true, Doc: "what to write; only the first 4096 bytes of it are written"},
			{Name: "level", Kind: String, Default: "info", Enum: []string{"debug", "info", "warn", "error"}, Doc: "of the line"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			level, err := zerolog.ParseLevel(a.String("level"))
			if err != nil {
				return nil, err
			}
			x.Log().WithLevel(level).Str("verb", "log").Msg(bounded(a.String("text")))
			return nil, nil
		},
	})
}

func bounded(text string) string {
	if len(text) <= maxLogged {
		return text
	}
	return strings.ToValidUTF8(text[:maxLogged], "") + "..."
}
