package media

import (
	"fmt"
	"time"
)

// Detailed is a filter that has more to say in its graph's picture than its name:
// how full it is, where its packets go. Detail is called between ticks, and also of
// the Source or Sink of a link.
type Detailed interface {
	// Detail returns a line, or several, for people.
	Detail() string
}

// detail is what x says about itself, "" for nothing.
func detail(x any) string {
	if d, ok := x.(Detailed); ok {
		return d.Detail()
	}
	return ""
}

// Detail says how full the ring is, and what the sink says.
func (f *sinkFilter) Detail() string { return f.link.detail() }

// Detail says how full the ring is, and what the source says.
func (f *sourceFilter) Detail() string { return f.link.detail() }

func (l *Link) detail() string {
	s := l.Stats()
	text := fmt.Sprintf("ring %d of %d ms", s.Queued.Milliseconds(), time.Duration(l.ring.size).Milliseconds())
	if s.Dropped > 0 {
		text += fmt.Sprintf(", %d dropped", s.Dropped)
	}
	if more := detail(l.closer); more != "" {
		text += "\n" + more
	}
	return text
}
