package call

func init() {
	Register(&Verb{
		Name:   "record_stop",
		Doc:    "Ends a recording. rms:record_stop tells when its file is closed.",
		Result: "true",
		Params: []Param{{Name: "name", Kind: String, Default: defaultRecording, Doc: "as given to rms_record_start"}},
		Run: func(x *Exec, a Args) (any, error) {
			r, err := x.call.recording(a.String("name"))
			if err != nil {
				return nil, err
			}
			r.stop(ReasonStopped)
			return nil, nil
		},
	})
}
