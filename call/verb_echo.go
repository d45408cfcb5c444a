package call

func init() {
	Register(&Verb{
		Name:   "echo",
		Doc:    "Sends the caller's own audio back, or stops doing so.",
		Result: "true",
		Params: []Param{{Name: "on", Kind: Bool, Default: true, Doc: "start or stop"}},
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.echo(a.Bool("on"))
		},
	})
}

func (c *Call) echo(on bool) error {
	l := c.leg
	if !l.live() {
		return c.errState("rms_echo needs media: rms_answer first")
	}
	if l.echo == on {
		return nil
	}
	l.echo = on
	encoded := c.alone()
	l.do(func() {
		setEncoded(encoded)
		if !on {
			l.graph.Disconnect(l.hears, l.mixer)
			return
		}
		if err := l.graph.Connect(l.hears, l.mixer); err != nil {
			c.filterFailed("echo", err)
		}
	})
	return nil
}
