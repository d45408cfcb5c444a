package call

import (
	"errors"
	"io"
	"strings"
	"time"
)

func init() {
	Register(&Verb{
		Name:   "graph",
		Doc:    "Returns the filter graph of the call in the language of Graphviz.",
		Result: "the text of the graph",
		Free:   true,
		Run: func(x *Exec, _ Args) (any, error) {
			if x.call == nil {
				return nil, ErrNoCall
			}
			var b strings.Builder
			if err := x.manager.Graph(x.call.id, &b); err != nil {
				return nil, err
			}
			return b.String(), nil
		},
	})
}

// graphTimeout bounds the wait for the tick that draws a graph.
const graphTimeout = 2 * time.Second

// Graph writes the filter graph of a call in the language of Graphviz. It waits for
// the call's next tick.
func (m *Manager) Graph(id string, w io.Writer) error {
	c, ok := m.Find(id)
	if !ok {
		return ErrGone
	}
	type drawn struct {
		text string
		err  error
	}
	done := make(chan drawn, 1)
	err := c.box.post(func() {
		l := c.leg
		if !l.live() {
			done <- drawn{err: errors.New("the call has no media")}
			return
		}
		l.do(func() {
			var b strings.Builder
			err := l.graph.Dot(&b)
			done <- drawn{b.String(), err}
		})
	})
	if err != nil {
		return err
	}
	select {
	case d := <-done:
		if d.err != nil {
			return d.err
		}
		_, err = io.WriteString(w, d.text)
		return err
	case <-time.After(graphTimeout):
		return errors.New("the call's graph does not tick")
	}
}
