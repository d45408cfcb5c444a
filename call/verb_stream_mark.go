package call

func init() {
	Register(&Verb{
		Name:   "stream_mark",
		Doc:    "Sets a mark behind the far end's audio that waits to be played. rms:stream_mark comes when its last sample was sent (state=played, with the RTP sequence number), when an RTCP report covers that packet (received), or when the audio was dropped (cleared).",
		Result: "true",
		Params: []Param{
			{Name: "mark", Kind: String, Required: true, Doc: "name of the mark"},
			{Name: "name", Kind: String, Default: defaultStream, Doc: "as given to rms_stream_start"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			s, err := x.call.stream(a.String("name"))
			if err != nil {
				return nil, err
			}
			return nil, s.mark(a.String("mark"))
		},
	})
}
