package call

func init() {
	Register(&Verb{
		Name:   "stream_clear",
		Doc:    "Drops what a far end sent and the caller has not heard yet: the caller hears nothing of it after the packet that leaves next. Marks before it are told as cleared.",
		Result: "how many ms of the far end's audio were played since it began or was last cleared",
		Params: []Param{
			{Name: "name", Kind: String, Default: defaultStream, Doc: "as given to rms_stream_start"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			s, err := x.call.audible(a.String("name"))
			if err != nil {
				return nil, err
			}
			if s.waiting() {
				return int64(0), nil
			}
			played, dropped := s.life.playout.Clear(true)
			x.call.info().Str("stream", s.name).Dur("played", played).Dur("dropped", dropped).Msg("stream cleared")
			return played.Milliseconds(), nil
		},
	})
}
