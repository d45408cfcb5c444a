package call

// Pinner is a Router whose routes can be replaced while calls run. Each call keeps to
// the routes that it began with.
type Pinner interface {
	Router

	// Pin returns the routes of now for one call, whose runs have that Exec.Key ("" for
	// a single request). release is called once, when the call is over and nothing of
	// it runs or waits any more.
	Pin(key string) (r Router, release func())
}

// pin returns the routes for a call.
func (m *Manager) pin(key string) (r Router, release func()) {
	if p, ok := m.opts.Router.(Pinner); ok {
		return p.Pin(key)
	}
	return m.opts.Router, func() {}
}

// unpin lets go of the routes; only the first time counts.
func (c *Call) unpin() {
	if release := c.release; release != nil {
		c.release = nil
		release()
	}
}
