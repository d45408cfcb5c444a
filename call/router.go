package call

// RouteName is the script's request route: it runs for each request that is
// neither an ACK nor a retransmission (alias in scripts: ksr_request_route).
const RouteName = "route"

// Router runs the routes of a script. It is implemented by package scripting;
// calls hand work to it and go on, so no call ever waits for a script.
type Router interface {
	// Has reports whether the script has a route of that name.
	Has(route string) bool

	// Run queues one run of a route and returns at once. All runs with the
	// same Exec.Key are done one after the other, in order. done is called
	// when the route has ended, from a worker, with nil or the *ScriptError
	// that ended it. An error returned here means that nothing was queued (the
	// queue is full) and that done will not be called.
	Run(x *Exec, route string, done func(error)) error
}

// ScriptError says where a route failed. Where is "file:line" as the script's
// author sees it.
type ScriptError struct {
	Route string
	Where string
	Text  string
}

func (e *ScriptError) Error() string {
	if e.Where == "" {
		return "route " + e.Route + ": " + e.Text
	}
	return e.Where + ": " + e.Text + " (in route " + e.Route + ")"
}
