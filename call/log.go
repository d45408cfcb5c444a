package call

import "github.com/rs/zerolog"

// Lines of a call carry its id. They are made from the manager's logger each time:
// a logger of its own would cost a call half a kilobyte.

func (c *Call) line(l zerolog.Level) *zerolog.Event {
	return c.manager.log.WithLevel(l).Str("call_id", c.id) //nolint:zerologlint // sent by the caller
}

func (c *Call) debug() *zerolog.Event   { return c.line(zerolog.DebugLevel) }
func (c *Call) info() *zerolog.Event    { return c.line(zerolog.InfoLevel) }
func (c *Call) warn() *zerolog.Event    { return c.line(zerolog.WarnLevel) }
func (c *Call) failure() *zerolog.Event { return c.line(zerolog.ErrorLevel) }
