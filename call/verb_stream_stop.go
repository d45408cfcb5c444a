package call

func init() {
	Register(&Verb{
		Name:   "stream_stop",
		Doc:    "Ends a stream: the audio that waits is sent, then the text, then goodbye. A new stream of that name may begin at once.",
		Result: "true",
		Params: []Param{
			{Name: "name", Kind: String, Default: defaultStream, Doc: "as given to rms_stream_start"},
			{Name: "text", Kind: String, Doc: "last message to a websocket"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			s, err := x.call.audible(a.String("name"))
			if err != nil {
				return nil, err
			}
			if err := sayable(a.String("text")); err != nil {
				return nil, err
			}
			s.halt(a.String("text"))
			return nil, nil
		},
	})
}
