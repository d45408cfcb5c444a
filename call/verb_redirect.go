package call

import "rms/sip"

func init() {
	Register(&Verb{
		Name:   "redirect",
		Doc:    "Sends the caller elsewhere, with a 3xx answer to the INVITE.",
		Result: "true",
		Params: []Param{
			{Name: "to", Kind: String, Required: true, Doc: "SIP URI for the Contact header field"},
			{Name: "code", Kind: Int, Default: int64(302), Min: 300, Max: 399, Doc: "SIP status code"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.redirect(a.Int("code"), a.String("to"))
		},
	})
}

func (c *Call) redirect(code int, to string) error {
	if c.state != invited && c.state != early {
		return c.errState("it can no longer be redirected")
	}
	if c.dialog == nil {
		return errNoSIP
	}
	if err := c.dialog.Redirect(code, to); err != nil {
		return err
	}
	c.leave(sip.Cause{By: sip.ByUs, Code: code, Text: "redirected to " + to})
	return nil
}
