package call

func init() {
	Register(&Verb{
		Name:   "reject",
		Doc:    "Refuses an INVITE that is not answered yet.",
		Result: "true",
		Params: []Param{
			{Name: "code", Kind: Int, Default: int64(486), Min: 400, Max: 699, Doc: "SIP status code"},
			{Name: "reason", Kind: String, Doc: "reason phrase; the usual one for the code when missing"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.reject(a.Int("code"), a.String("reason"))
		},
	})
}
