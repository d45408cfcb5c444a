package esl

import (
	"net/netip"
	"sync"
	"time"

	"rms/call"
)

// bus turns what calls tell into events of FreeSWITCH and hands them to who asked. All
// that is below mu is touched for a short time only and never across I/O.
type bus struct {
	server *Server
	sub    *call.Subscription
	core   []header // of each event
	began  time.Time
	marks  marks
	stops  chan chan struct{} // of sync

	mu       sync.Mutex
	sequence uint64
	all      []*conn            // that listen to all calls
	sessions map[string][]*conn // that control a call, by its id
	channels map[string]*channel
	total    int // calls since the start
	draining bool
	seconds  rate
}

// rate counts calls of the last second.
type rate struct {
	at    int64
	calls int
	last  int
	peak  int
}

func newBus(s *Server) *bus {
	b := &bus{
		server: s, began: time.Now(), sessions: make(map[string][]*conn), channels: make(map[string]*channel),
		stops: make(chan chan struct{}),
		core: []header{
			{"Core-UUID", newUUID()}, {"FreeSWITCH-Hostname", s.opts.Hostname}, {"FreeSWITCH-Switchname", s.opts.Hostname},
			{"FreeSWITCH-IPv4", "127.0.0.1"}, {"FreeSWITCH-IPv6", "::1"},
		},
	}
	if a, err := netip.ParseAddrPort(s.opts.Listen); err == nil && !a.Addr().IsUnspecified() && !a.Addr().IsLoopback() {
		if a.Addr().Is4() {
			b.core[3].value = a.Addr().String()
		} else {
			b.core[4].value = a.Addr().String()
		}
	}
	b.marks.by = make(map[string][]mark)
	return b
}

// subscribe begins to hear of calls.
func (b *bus) subscribe() {
	b.sub = b.server.opts.Manager.Subscribe(call.SubscribeOptions{Size: 1 << 16, Bytes: 4 << 20})
}

// run translates until the server is closed.
func (b *bus) run() {
	defer b.server.wait.Done()
	defer b.sub.Close()
	beat := time.NewTicker(b.server.opts.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-b.server.quit:
			b.marks.releaseAll(true)
			return
		case <-beat.C:
			b.heartbeat()
		case <-b.server.opts.Logs.ready():
			b.server.opts.Logs.hand()
		case <-b.sub.Ready():
			b.drain()
		case done := <-b.stops:
			b.drain()
			close(done)
		}
	}
}

func (b *bus) drain() {
	for ev := b.sub.Poll(); ev != nil; ev = b.sub.Poll() {
		b.take(ev)
	}
}

// sync returns when everything was translated that calls told before. It is not for the
// goroutine of the bus.
func (b *bus) sync() {
	done := make(chan struct{})
	select {
	case b.stops <- done:
		<-done
	case <-b.server.quit:
	}
}

// occasion is why an event is sent.
type occasion struct {
	name     string
	subclass string
	call     string    // id, "" for none
	where    string    // what stands for the function of the original
	at       time.Time // zero: now
}

// emit sends an event to those who want it. fill adds what is its own behind what all
// events and those of its call have; it runs only when somebody wants it.
func (b *bus) emit(o occasion, fill func(*event)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.emitLocked(o, fill)
}

func (b *bus) emitLocked(o occasion, fill func(*event)) {
	b.sequence++
	k := kinds[o.name]
	to := b.readers(k, o.subclass, o.call)
	if len(to) == 0 {
		return
	}
	e := &event{kind: k, subclass: o.subclass, call: o.call}
	b.begin(e, o)
	if o.call != "" {
		b.find(o.call).describe(e)
	}
	if fill != nil {
		fill(e)
	}
	b.publish(e, to)
}

// readers lists who may want an event: their filters are not asked yet.
func (b *bus) readers(k kind, subclass, id string) []*conn {
	var to []*conn
	for _, c := range b.all {
		if c.wants(k, subclass) {
			to = append(to, c)
		}
	}
	if id != "" {
		for _, c := range b.sessions[id] {
			if c.mine && c.wants(k, subclass) {
				to = append(to, c)
			}
		}
	}
	return to
}

// begin adds the headers that each event has.
func (b *bus) begin(e *event, o occasion) {
	at := o.at
	if at.IsZero() {
		at = time.Now()
	}
	where := o.where
	if where == "" {
		where = "event"
	}
	e.headers = make([]header, 0, 96)
	e.add("Event-Name", o.name)
	if o.subclass != "" {
		e.add("Event-Subclass", o.subclass)
	}
	e.headers = append(e.headers, b.core...)
	e.add("Event-Date-Local", at.Local().Format("2006-01-02 15:04:05"))
	e.add("Event-Date-GMT", at.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))
	e.add("Event-Date-Timestamp", number(at.UnixMicro()))
	e.add("Event-Calling-File", "rms")
	e.add("Event-Calling-Function", where)
	e.add("Event-Calling-Line-Number", "0")
	e.add("Event-Sequence", number(int64(b.sequence))) //nolint:gosec // never that many
}

// publish queues an event for each whose filters let it through.
func (b *bus) publish(e *event, to []*conn) {
	for _, c := range to {
		if c.passes(e) {
			b.offer(c, e.wire(c.format))
		}
	}
}

// offer queues an event; a client that reads too slowly is told what it lost when it
// reads again, or cut off.
func (b *bus) offer(c *conn, wire []byte) {
	lost, dead := c.out.offer(wire)
	if lost > 0 {
		b.server.lost.Add(uint64(lost)) //nolint:gosec // a small number
		b.server.opts.Log.Warn().Str("source", c.remote).Int("lost", lost).Msg("Event Socket client was too slow for events")
		b.tellLost(c, lost)
	}
	if dead {
		b.server.lost.Add(maxLost + 1)
		b.server.slow.Add(1)
		b.server.opts.Log.Warn().Str("source", c.remote).Int("lost", maxLost+1).Err(errSlow).Msg("Event Socket client cut off")
		c.on = false
		b.place(c)
		c.out.close()
	}
}

// tellLost tells a client how many events it did not get.
func (b *bus) tellLost(c *conn, lost int) {
	o := occasion{name: nameCustom, subclass: "rms::lost", where: "slow"}
	if !c.wants(kindCustom, o.subclass) {
		return
	}
	b.sequence++
	e := &event{kind: kindCustom, subclass: o.subclass}
	b.begin(e, o)
	e.add("rms_event", "rms:lost")
	e.add("rms_count", number(int64(lost)))
	c.out.offer(e.wire(c.format))
}

// place puts a connection where events of its choice are found; the lock is held.
func (b *bus) place(c *conn) {
	b.all = without(b.all, c)
	if c.on && !c.mine {
		b.all = append(b.all, c)
	}
	if c.session == "" {
		return
	}
	list := without(b.sessions[c.session], c)
	b.sessions[c.session] = append(list, c)
}

// forget lets go of a connection.
func (b *bus) forget(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.on = false
	b.all = without(b.all, c)
	if list := without(b.sessions[c.session], c); len(list) > 0 {
		b.sessions[c.session] = list
	} else {
		delete(b.sessions, c.session)
	}
}

// there is alive for those without the lock.
func (b *bus) there(id string) bool {
	b.sync()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.alive(id)
}

// alive tells whether a call is there to be controlled; the lock is held.
func (b *bus) alive(id string) bool {
	if ch := b.channels[id]; ch != nil {
		return !ch.hung
	}
	_, live := b.server.opts.Manager.Find(id)
	return live
}
