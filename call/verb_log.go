package call

import "github.com/rs/zerolog"

func init() {
	Register(&Verb{
		Name:   "log",
		Doc:    "Writes a line to the log, with the call's id.",
		Result: "true",
		NoCall: true,
		Params: []Param{
			{Name: "text", Kind: String, Required: true, Doc: "what to write"},
			{Name: "level", Kind: String, Default: "info", Enum: []string{"debug", "info", "warn", "error"}, Doc: "of the line"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			level, err := zerolog.ParseLevel(a.String("level"))
			if err != nil {
				return nil, err
			}
			x.Log().WithLevel(level).Str("verb", "log").Msg(a.String("text"))
			return nil, nil
		},
	})
}
