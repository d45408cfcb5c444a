package filter

import "fmt"

// Detail says how much waits to be played, for the graph's picture.
func (p *Playout) Detail() string {
	return fmt.Sprintf("queue %d of %d ms", p.Stats().Queued.Milliseconds(), p.duration(p.limit).Milliseconds())
}
