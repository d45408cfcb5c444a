package call

func init() {
	Register(&Verb{
		Name:   "stream_send_text",
		Doc:    "Sends a text message to a websocket.",
		Result: "true",
		Params: []Param{
			{Name: "text", Kind: String, Required: true, Doc: "the message, valid UTF-8"},
			{Name: "name", Kind: String, Default: defaultStream, Doc: "as given to rms_stream_start"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			s, err := x.call.stream(a.String("name"))
			if err != nil {
				return nil, err
			}
			if err := sayable(a.String("text")); err != nil {
				return nil, err
			}
			return nil, s.say(a.String("text"))
		},
	})
}
