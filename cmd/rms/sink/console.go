package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"rms/cmd/rms/terminal"
)

// Console prints what a sink reports: a line for each event, as text or JSON, and on a
// terminal a table of the live streams below the lines, refreshed in place.
type Console struct {
	o      ConsoleOptions
	events chan Event
	quit   chan struct{}
	done   chan struct{}
	once   sync.Once
	rows   func() []Status // set by Watch, read under mu
	count  func() Event
	mu     sync.Mutex
	height int // of the table on the screen
	page   bytes.Buffer
}

// ConsoleOptions say how a Console prints.
type ConsoleOptions struct {
	Out   io.Writer
	JSON  bool
	Table bool // on a terminal only
	ASCII bool // bars without Unicode
	// Size returns width and height of the terminal in characters; nil: 80 by 24.
	Size func() (width, height int)
	// Every is how often the table is drawn; 0 is 200 ms.
	Every time.Duration
}

const (
	eventsMost = 1024            // that wait for a slow terminal; then the streams wait
	lastWords  = 2 * time.Second // for a terminal that is stopped, at the end
)

// NewConsole starts the goroutine that prints. Close stops it.
func NewConsole(o ConsoleOptions) *Console {
	if o.Size == nil {
		o.Size = func() (int, int) { return 80, 24 }
	}
	if o.Every == 0 {
		o.Every = 200 * time.Millisecond
	}
	c := &Console{o: o, events: make(chan Event, eventsMost), quit: make(chan struct{}), done: make(chan struct{})}
	go c.run()
	return c
}

// Watch names the sink whose live streams the table shows.
func (c *Console) Watch(s *Sink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows, c.count = s.Streams, s.Summary
}

// Report prints an event. It waits while the terminal does, until Close.
func (c *Console) Report(e Event) {
	select {
	case c.events <- e:
	case <-c.quit:
	}
}

// Close prints what is left and ends the goroutine, unless the output stands still.
func (c *Console) Close() {
	c.once.Do(func() { close(c.quit) })
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-c.done:
	case <-t.C:
	}
}

func (c *Console) run() {
	defer close(c.done)
	var tick <-chan time.Time
	if c.o.Table {
		t := time.NewTicker(c.o.Every)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case e := <-c.events:
			c.draw(&e)
		case <-tick:
			c.draw(nil)
		case <-c.quit:
			c.rest()
			return
		}
	}
}

// rest prints what was reported before Close, and takes the table away.
func (c *Console) rest() {
	c.o.Table = false
	for {
		select {
		case e := <-c.events:
			c.draw(&e)
		default:
			c.draw(nil)
			return
		}
	}
}

// draw prints first and the events that wait behind it, then the table anew, all in
// one write.
func (c *Console) draw(first *Event) {
	c.page.Reset()
	if c.height > 0 {
		fmt.Fprintf(&c.page, "\x1b[%dA\r\x1b[J", c.height)
		c.height = 0
	}
	if first != nil {
		c.line(first)
	}
	for range len(c.events) { // this goroutine alone takes them out
		e := <-c.events
		c.line(&e)
	}
	c.mu.Lock()
	rows, count := c.rows, c.count
	c.mu.Unlock()
	if c.o.Table && rows != nil {
		width, height := c.o.Size()
		lines := Table(rows(), count(), width, height, c.o.ASCII)
		c.height = len(lines)
		for _, l := range lines {
			c.page.WriteString(l)
			c.page.WriteByte('\n')
		}
	}
	if c.page.Len() > 0 {
		_, _ = c.o.Out.Write(c.page.Bytes())
	}
}

func (c *Console) line(e *Event) {
	if !c.o.JSON {
		c.page.WriteString(Line(e))
		c.page.WriteByte('\n')
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(e) == nil {
		c.page.Write(terminal.JSON(b.Bytes()))
	}
}
