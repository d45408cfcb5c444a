// Package media moves audio: frames flow through the filters of a graph, and a
// clock ticks many graphs at the right time.
//
// Inside a graph the filters run one after another on the clock's thread. What may
// block (a file, a socket, a disk) has a goroutine of its own and is linked to the
// graph by a bounded ring. The smallest example:
//
//	clock := media.NewManualClock()
//	g := media.NewGraph(media.GraphOptions{Tick: 20 * time.Millisecond})
//	tone, _ := g.Add(filter.NewTone(440, -10, media.Format{Rate: 8000, Channels: 1}), 1)
//	_, _ = g.Chain(tone, filter.NewGain(-6), filter.NewVoid())
//	clock.Attach(g)
//	clock.Advance(time.Second)
package media
