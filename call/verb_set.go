package call

func init() {
	Register(&Verb{
		Name:   "set",
		Doc:    "Sets a variable of the call; a missing value removes it. A call holds at most 256 variables and 64 KiB.",
		Result: "true",
		Params: []Param{
			{Name: "name", Kind: String, Required: true, Doc: "of the variable"},
			{Name: "value", Kind: Value, Doc: "a string, number, boolean or table of them"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.vars.set(a.String("name"), a.Value("value"))
		},
	})
}
