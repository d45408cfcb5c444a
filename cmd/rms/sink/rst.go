package sink

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"rms/media/wire/rst"
)

const (
	rstQueue    = 8192     // datagrams that wait for the handler
	rstWaiting  = 16 << 20 // bytes of them
	rstLargest  = 65535    // of a datagram on the main port
	rstMedia    = 4096     // of a datagram on a port pair: 60 ms of anything are far less
	rstKernel   = 4 << 20  // bytes that the kernel is asked to hold for the main port
	rstUsual    = 2048     // what fits a buffer that is used again
	rstEndedFor = 64       // streams whose repeated BYE is still answered
)

// rstServer takes datagrams. Goroutines that only read the sockets put them into one
// bounded queue; the handler behind it owns all streams and files.
type rstServer struct {
	board   *board
	conn    *net.UDPConn
	local   netip.AddrPort
	queue   chan datagram
	waiting atomic.Int64
	buffers sync.Pool // of *[rstUsual]byte
	quit    chan struct{}
	once    sync.Once
	wg      sync.WaitGroup

	// What follows belongs to the handler.
	streams map[string]*rstStream
	leaves  chan *rstStream // those whose moment after the BYE is over
	known   func([]byte) (string, bool)
	ended   map[string]netip.AddrPort
	order   []string // of ended, oldest first
	byes    []goodbye
	port    int // where the search for a pair goes on
	out     []byte
}

// datagram is what came, and when and where.
type datagram struct {
	at   time.Time
	from netip.AddrPort
	pair *rstStream // nil: the main port
	side byte
	b    []byte
	buf  *[rstUsual]byte // of b, when it is to be used again
}

func startRST(b *board) (*rstServer, error) {
	address, err := net.ResolveUDPAddr("udp", b.o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for rst: %w", err)
	}
	conn, err := net.ListenUDP("udp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for rst: %w", err)
	}
	_ = conn.SetReadBuffer(rstKernel)
	s := &rstServer{
		board: b, conn: conn, queue: make(chan datagram, rstQueue), quit: make(chan struct{}),
		leaves:  make(chan *rstStream),
		streams: map[string]*rstStream{}, ended: map[string]netip.AddrPort{}, port: b.o.RST.Ports[0],
	}
	s.buffers.New = func() any { return new([rstUsual]byte) }
	s.known = func(id []byte) (string, bool) {
		st := s.streams[string(id)]
		if st == nil {
			return "", false
		}
		return st.uuid, true
	}
	s.local, _ = netip.ParseAddrPort(conn.LocalAddr().String())
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		s.receive(conn, nil, 0, rstLargest)
	}()
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		s.run()
	}()
	return s, nil
}

func (s *rstServer) addr() netip.AddrPort { return s.local }

func (s *rstServer) close(ctx context.Context) error {
	s.once.Do(func() { close(s.quit) })
	done := make(chan struct{})
	go func() { // ends when the others have
		s.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close rst: %w", ctx.Err())
	}
}

// receive reads one socket until it is closed.
func (s *rstServer) receive(conn *net.UDPConn, pair *rstStream, side byte, most int) {
	buf := make([]byte, most+1)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			s.board.add("rst_socket")
			if !pause(10*time.Millisecond, s.quit) {
				return
			}
		case n > most:
			s.board.add("rst_long")
		default:
			from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
			s.push(datagram{at: time.Now(), from: from, pair: pair, side: side}, buf[:n])
		}
	}
}

// push queues a copy of b, or counts it when too much waits already.
func (s *rstServer) push(d datagram, b []byte) {
	if s.waiting.Add(int64(len(b))) > rstWaiting {
		s.waiting.Add(-int64(len(b)))
		s.board.add("rst_overrun")
		return
	}
	if len(b) <= rstUsual {
		d.buf, _ = s.buffers.Get().(*[rstUsual]byte)
		d.b = d.buf[:copy(d.buf[:], b)]
	} else {
		d.b = append([]byte(nil), b...)
	}
	select {
	case s.queue <- d:
	default:
		s.release(d)
		s.board.add("rst_overrun")
	}
}

func (s *rstServer) release(d datagram) {
	s.waiting.Add(-int64(len(d.b)))
	if d.buf != nil {
		s.buffers.Put(d.buf)
	}
}

// run is the handler.
func (s *rstServer) run() {
	tick := time.NewTicker(max(10*time.Millisecond, min(time.Second, s.board.o.RST.Inactivity/4)))
	defer tick.Stop()
	for {
		select {
		case d := <-s.queue:
			s.handle(d)
			s.release(d)
		case st := <-s.leaves:
			if s.streams[st.uuid] == st {
				s.over(st, causeRemote, "BYE")
			}
		case now := <-tick.C:
			s.expire(now)
		case <-s.quit:
			s.finish()
			return
		}
	}
}

// handle takes one datagram.
func (s *rstServer) handle(d datagram) {
	if d.pair != nil {
		s.media(d)
		return
	}
	p, err := rst.ParseKnown(d.b, s.known)
	if err != nil {
		s.refuse(d, err)
		return
	}
	switch p.Kind {
	case rst.Inv:
		s.invite(d, p)
	case rst.Data:
		s.data(d, p)
	case rst.Bye:
		s.bye(d, p)
	default:
		s.board.refuse("rst_ack", d.from.String(), "an ACK, which is for senders")
	}
}

// refuse counts what was dropped by the name of its fault.
func (s *rstServer) refuse(d datagram, err error) {
	counter := "rst_malformed"
	if fault := (*rst.Error)(nil); errors.As(err, &fault) {
		counter = fault.Counter
	}
	s.board.refuse(counter, d.from.String(), err.Error())
}

func (s *rstServer) send(b []byte, to netip.AddrPort) {
	if _, err := s.conn.WriteToUDPAddrPort(b, to); err != nil {
		s.board.add("rst_send")
	}
}

// ack answers INV and BYE; in generation 2 with the ports of the pair.
func (s *rstServer) ack(id string, ports [2]int, to netip.AddrPort) {
	if s.board.o.RST.NoAck {
		return
	}
	s.out = rst.AppendAck(s.out[:0], id, ports[0], ports[1])
	s.send(s.out, to)
}

// finish takes what has come already and ends every stream.
func (s *rstServer) finish() {
	for range len(s.queue) {
		d := <-s.queue
		s.handle(d)
		s.release(d)
	}
	for _, st := range s.streams {
		if st.leaving {
			s.over(st, causeRemote, "BYE")
			continue
		}
		for range st.generationByes() {
			s.sayBye(st.uuid, st.from)
		}
		s.over(st, causeLocal, "")
	}
	_ = s.conn.Close()
}
