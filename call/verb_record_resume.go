package call

func init() {
	Register(&Verb{
		Name:   "record_resume",
		Doc:    "Goes on with a recording that was paused.",
		Result: "true",
		Params: []Param{{Name: "name", Kind: String, Default: defaultRecording, Doc: "as given to rms_record_start"}},
		Run: func(x *Exec, a Args) (any, error) {
			r, err := x.call.recording(a.String("name"))
			if err != nil {
				return nil, err
			}
			return nil, r.resume()
		},
	})
}
