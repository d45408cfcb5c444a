package call

import "fmt"

func init() {
	Register(&Verb{
		Name:   "get",
		Doc:    "Returns a variable of the call.",
		Result: "the value; nil and a reason when it is not set",
		Params: []Param{{Name: "name", Kind: String, Required: true, Doc: "of the variable"}},
		Run: func(x *Exec, a Args) (any, error) {
			v, ok := x.call.vars.get(a.String("name"))
			if !ok {
				return nil, fmt.Errorf("the call has no variable %q", a.String("name"))
			}
			return v, nil
		},
	})
}
