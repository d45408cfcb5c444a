//go:build !linux || rtp_portable

package rtp

// watcher does nothing: looking into an empty ring costs less than a watch.
type watcher struct{}

func (*watcher) open()  {}
func (*watcher) close() {}
func (*watcher) poll()  {}

func (*watcher) add(_ Transport, _ Channel, e *watched) { e.ready = true }

type watched struct{ ready, armed bool }

func (*watched) sleep()  {}
func (*watched) remove() {}
