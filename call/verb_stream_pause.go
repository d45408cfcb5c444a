package call

func init() {
	Register(&Verb{
		Name:   "stream_pause",
		Doc:    "Sends no audio to a stream until rms_stream_resume; what is said meanwhile is not sent later. The connection stays.",
		Result: "true",
		Params: []Param{
			{Name: "name", Kind: String, Default: defaultStream, Doc: "as given to rms_stream_start"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			s, err := x.call.stream(a.String("name"))
			if err != nil {
				return nil, err
			}
			s.pause(true)
			return nil, nil
		},
	})
}
