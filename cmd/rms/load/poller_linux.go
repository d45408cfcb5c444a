package load

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	pollSlot   = 10 * time.Millisecond // the wheel turns in steps of this
	pollBatch  = 32
	pollPrefix = rtpHeader + 52 // bytes read of each packet: enough to tell sound from silence
	pollNice   = 10
)

// inbox carries streams to the thread that will own them.
type inbox struct {
	mu    sync.Mutex
	fresh []*stream
	some  atomic.Bool
}

func (in *inbox) put(s *stream) {
	in.mu.Lock()
	in.fresh = append(in.fresh, s)
	in.mu.Unlock()
	in.some.Store(true)
}

func (in *inbox) take() []*stream {
	if !in.some.Load() {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	fresh := in.fresh
	in.fresh = nil
	in.some.Store(false)
	return fresh
}

// poller reads the RTP of all calls: one thread, each socket once a wheel turn.
type poller struct {
	inbox
	meter
	slots     [][]*stream
	next      int
	batch     *batch
	keepAlive time.Duration // 0: the sender keeps the calls alive
	silence   []byte
	rtcp      int         // socket that swallows the reports of all calls
	measured  atomic.Bool // the window is over: calls that end may be let go
	quit      atomic.Bool
	done      <-chan struct{}
}

func newPoller(wheel, keepAlive time.Duration, rtcp int) *poller {
	return &poller{
		slots: make([][]*stream, max(2, int(wheel/pollSlot))),
		batch: newBatch(pollBatch, pollPrefix, false),
		rtcp:  rtcp, keepAlive: keepAlive, silence: make([]byte, 0, 2048),
	}
}

func (p *poller) start() { p.done = startThread(pollNice, p.run) }

// stop ends the thread after a last look at every socket and closes them.
func (p *poller) stop() {
	p.quit.Store(true)
	<-p.done
}

func (p *poller) run() {
	next := monotonic()
	for slot := 0; !p.quit.Load(); slot = (slot + 1) % len(p.slots) {
		next += int64(pollSlot)
		sleepUntil(next)
		if now := monotonic(); now > next+int64(pollSlot)*int64(len(p.slots)) {
			next = now // fell behind a whole turn: the kernel keeps the packets and their times
		}
		p.admit()
		p.turn(slot)
		if slot == 0 {
			p.drain(p.rtcp)
		}
	}
	p.admit()
	for slot := range p.slots {
		for _, s := range p.slots[slot] {
			p.read(s)
			s.finish(&p.meter)
			s.release()
		}
	}
}

func (p *poller) admit() {
	for _, s := range p.take() {
		p.slots[p.next] = append(p.slots[p.next], s)
		p.next = (p.next + 1) % len(p.slots)
	}
}

// turn reads the sockets of one slot. A call that ended is kept until its share
// of the window is known, which is when the measuring is over.
func (p *poller) turn(slot int) {
	kept := p.slots[slot][:0]
	for _, s := range p.slots[slot] {
		over := s.stopped.Load() != 0 // asked first: what came before the end is still read
		p.read(s)
		if over && p.measured.Load() {
			s.finish(&p.meter)
			s.release()
			continue
		}
		kept = append(kept, s)
	}
	clear(p.slots[slot][len(kept):])
	p.slots[slot] = kept
}

func (p *poller) read(s *stream) {
	for {
		n := p.batch.receive(s.fd)
		for i := range n {
			data, at, refused := p.batch.datagram(i)
			s.in.overflow = max(s.in.overflow, refused)
			s.packet(data, at, &p.meter)
		}
		if n > 0 {
			p.batch.reset(n)
		}
		if n < pollBatch {
			break
		}
	}
	if p.keepAlive > 0 && s.stopped.Load() == 0 {
		p.sendSilence(s)
	}
}

// sendSilence keeps a one-way call alive as a caller with DTX would: one packet
// of silence at the start, so that the far end learns our address, then rarely.
func (p *poller) sendSilence(s *stream) {
	now := time.Now().UnixNano()
	to := s.remote.Load()
	if to == nil || now-s.in.keepalive < int64(p.keepAlive) {
		return
	}
	s.in.keepalive = now
	b := s.out.header(p.silence[:0], s, uint32((now-s.began)*int64(s.codec.clockRate)/int64(time.Second)), true)
	fill := byte(0)
	switch s.codec.name {
	case "PCMU":
		fill = 0xff
	case "PCMA":
		fill = 0xd5
	}
	for range s.codec.payloadSize(s.ptime) {
		b = append(b, fill)
	}
	_ = sendTo(s.fd, b, to)
}

func (p *poller) drain(fd int) {
	for p.batch.receive(fd) == pollBatch {
		p.batch.reset(pollBatch)
	}
	p.batch.reset(pollBatch)
}

// release gives up one thread's hold on the socket; the last one closes it.
func (s *stream) release() {
	if s.users.Add(-1) == 0 {
		_ = unix.Close(s.fd)
	}
}
