package call

func init() {
	Register(&Verb{
		Name:   "stream_resume",
		Doc:    "Sends audio to a stream again.",
		Result: "true",
		Params: []Param{
			{Name: "name", Kind: String, Default: defaultStream, Doc: "as given to rms_stream_start"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			s, err := x.call.stream(a.String("name"))
			if err != nil {
				return nil, err
			}
			s.pause(false)
			return nil, nil
		},
	})
}
