package sink

import (
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"rms/media/wire/rst"
)

// rstStream is one call of an RST sink. The handler owns it.
type rstStream struct {
	*stream
	uuid   string
	from   netip.AddrPort // where INV came from: all else must too
	last   time.Time      // of anything that came
	caller string
	callee string
	sides  [2]*rstSide // R, W
	pair   *portPair   // nil: generation 1

	leaving bool // a BYE has come
}

// goodbye is a BYE of ours that is said again.
type goodbye struct {
	id   string
	to   netip.AddrPort
	left int
}

const byesMost = 1024 // that are being repeated

// invite begins a stream. The same again is answered again.
func (s *rstServer) invite(d datagram, p rst.Packet) {
	if st := s.streams[p.ID]; st != nil {
		if st.from != d.from {
			s.board.refuse("rst_stranger", d.from.String(), "INV of a stream that another address has begun")
			return
		}
		s.board.add("rst_inv_again")
		st.last = d.at
		s.ack(st.uuid, st.ports(), d.from)
		return
	}
	if st := s.begin(d, p); st != nil {
		s.ack(st.uuid, st.ports(), d.from)
	}
}

// begin makes the stream of an INV; nil when there can be none.
func (s *rstServer) begin(d datagram, p rst.Packet) *rstStream {
	base, err := s.board.begin(p.ID, d.from.String(), d.at)
	if err != nil {
		s.board.refuse("full", d.from.String(), err.Error())
		return nil
	}
	st := &rstStream{stream: base, uuid: p.ID, from: d.from, last: d.at, caller: p.Caller, callee: p.Callee}
	generation := 1
	if p.ReadPort > 0 {
		generation = 2
		if st.pair, err = s.openPair(st, p); err != nil {
			s.board.refuse("rst_no_ports", d.from.String(), err.Error())
			s.board.forget(base)
			return nil
		}
	}
	st.base = s.fileBase(p)
	for i, letter := range []string{"R", "W"} {
		st.sides[i] = &rstSide{stream: st, lane: st.newLane(letter, "-"+letter, !s.board.o.RST.NoWAV)}
	}
	st.sides[0].party, st.sides[1].party = p.Caller, p.Callee
	s.streams[p.ID] = st
	s.board.start(base, Event{Caller: p.Caller, Callee: p.Callee, Generation: generation})
	return st
}

// fileBase makes the name of the files: caller-callee-uuid, or as the rule has it.
func (s *rstServer) fileBase(p rst.Packet) string {
	rule := s.board.o.RST.SaveRule
	if rule == "" {
		rule = "caller-callee-uuid"
	}
	rule = strings.TrimSuffix(strings.TrimSuffix(rule, ".pcm"), ".wav")
	return strings.NewReplacer("caller", rst.FileName(p.Caller), "callee", rst.FileName(p.Callee), "uuid", p.ID).Replace(filepath.Base(rule))
}

// data takes one side's audio on the main port.
func (s *rstServer) data(d datagram, p rst.Packet) {
	st := s.streams[p.ID]
	if st == nil && s.board.o.RST.Unannounced {
		p.Caller, p.Callee = "unknown", "unknown"
		if st = s.begin(d, p); st == nil {
			return
		}
	}
	if st == nil {
		s.board.refuse("rst_unknown", d.from.String(), "DATA of a stream that has not begun")
		return
	}
	if st.from != d.from {
		s.board.refuse("rst_stranger", d.from.String(), "DATA of a stream of another address")
		return
	}
	s.take(st, d, p)
}

// take counts what is odd about DATA, and takes its payload.
func (s *rstServer) take(st *rstStream, d datagram, p rst.Packet) {
	if p.Excess > 0 {
		s.board.add("rst_excess")
	}
	if p.Half {
		s.board.add("rst_half_l16")
	}
	st.last = d.at
	side := st.sides[0]
	if p.Side == rst.Write {
		side = st.sides[1]
	}
	side.payload(p.PT, p.Payload, d.at, false)
}

// bye ends a stream, and is answered also when it is said again.
func (s *rstServer) bye(d datagram, p rst.Packet) {
	st := s.streams[p.ID]
	switch {
	case st == nil && s.ended[p.ID] == d.from:
		s.board.add("rst_bye_again")
		s.ack(p.ID, [2]int{}, d.from)
	case st == nil:
		s.board.refuse("rst_unknown", d.from.String(), "BYE of a stream that has not begun")
	case st.from != d.from:
		s.board.refuse("rst_stranger", d.from.String(), "BYE of a stream of another address")
	case st.pair == nil:
		s.ack(st.uuid, st.ports(), d.from)
		s.over(st, causeRemote, "BYE")
	default:
		s.ack(st.uuid, st.ports(), d.from)
		s.leave(st)
	}
}

// byeTail is how long the port pair of a stream is still read after its BYE, which
// may overtake the last audio: they come by different sockets.
const byeTail = 50 * time.Millisecond

// leave ends a stream of generation 2 a moment later.
func (s *rstServer) leave(st *rstStream) {
	if st.leaving {
		s.board.add("rst_bye_again")
		return
	}
	st.leaving = true
	time.AfterFunc(byeTail, func() {
		select {
		case s.leaves <- st:
		case <-s.quit:
		}
	})
}

// expire ends streams that nothing has come of, flushes files, and repeats goodbyes.
func (s *rstServer) expire(now time.Time) {
	kept := s.byes[:0]
	for _, b := range s.byes {
		s.sayBye(b.id, b.to)
		if b.left--; b.left > 0 {
			kept = append(kept, b)
		}
	}
	s.byes = kept
	for _, st := range s.streams {
		if now.Sub(st.last) < s.board.o.RST.Inactivity {
			for _, side := range st.sides {
				side.flush()
			}
			continue
		}
		s.sayBye(st.uuid, st.from)
		if left := st.generationByes() - 1; left > 0 && len(s.byes) < byesMost {
			s.byes = append(s.byes, goodbye{st.uuid, st.from, left})
		}
		s.over(st, causeTimeout, "nothing came for "+s.board.o.RST.Inactivity.String())
	}
}

func (s *rstServer) sayBye(id string, to netip.AddrPort) {
	s.out = rst.AppendBye(s.out[:0], id)
	s.send(s.out, to)
}

// over ends a stream of whichever side's will.
func (s *rstServer) over(st *rstStream, cause, why string) {
	delete(s.streams, st.uuid)
	if len(s.order) == rstEndedFor {
		delete(s.ended, s.order[0])
		s.order = s.order[1:]
	}
	if _, listed := s.ended[st.uuid]; !listed {
		s.order = append(s.order, st.uuid)
	}
	s.ended[st.uuid] = st.from
	if st.pair != nil {
		st.pair.close()
	}
	for _, side := range st.sides {
		side.close()
	}
	if err := s.record(st, time.Now()); err != nil {
		st.problem("call record: " + err.Error())
	}
	st.end(cause, why, 0)
}

// generationByes is how often a stream is said goodbye to: datagrams get lost, but the
// original server writes a call record for each BYE of generation 1.
func (st *rstStream) generationByes() int {
	if st.pair != nil {
		return 3
	}
	return 1
}

func (st *rstStream) ports() [2]int {
	if st.pair == nil {
		return [2]int{}
	}
	return st.pair.ports
}
