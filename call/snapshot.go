package call

import "time"

// Snapshot is what is known of a call without waiting for it: the short form, with the
// variables when they are wanted. The error is ErrNoSuchCall.
func (m *Manager) Snapshot(id string, variables bool) (*CallInfo, error) {
	c, ok := m.Find(id)
	if !ok {
		return nil, ErrNoSuchCall
	}
	i := c.short(time.Now())
	if variables {
		i.Variables = c.vars.all()
	}
	return &i, nil
}
