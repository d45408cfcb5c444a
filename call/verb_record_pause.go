package call

func init() {
	Register(&Verb{
		Name: "record_pause",
		Doc: "Leaves out of a recording what is said from now on, what is buffered included: nothing of it is written. " +
			"The file keeps its time line, with silence or a soft tone (fill), and its sidecar notes the pause.",
		Result: "true",
		Params: []Param{
			{Name: "name", Kind: String, Default: defaultRecording, Doc: "as given to rms_record_start"},
			{Name: "mask", Kind: Bool, Default: true, Doc: "keys that are pressed meanwhile are for the script only: stars in the log, the trace and in events for others"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			r, err := x.call.recording(a.String("name"))
			if err != nil {
				return nil, err
			}
			return nil, r.pause(a.Bool("mask"))
		},
	})
}
