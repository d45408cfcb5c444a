package call

import (
	"rms/media/codec"
	"rms/sip/sdp"
)

// begin takes the first offer.
func (s *siprecLine) begin(offer []byte) error {
	o, err := sdp.ReadStreams(offer, s.caps, false)
	if err != nil {
		return err
	}
	p := s.plan(o)
	if err := p.bind(); err != nil {
		return err
	}
	if err := o.Answer(nil); err != nil {
		return err
	}
	s.local = o.Local
	p.label()
	for _, st := range s.open() {
		st.take(o.List[st.mline].Media)
		st.begin(s)
	}
	first := s.streams[sideCaller]
	return s.leg.run(first.codec, tickOf(first.media.Ptime))
}

// take notes what was agreed for a stream. Nobody is heard by a recording client, so
// "hold" is that it sends nothing.
func (st *siprecStream) take(m sdp.Media) {
	m.Hold = !m.Direction.Receives()
	st.media = m
	st.codec, _ = codecOf(&m) // plan looked
}

// begin starts the session of a stream.
func (st *siprecStream) begin(s *siprecLine) {
	c := s.leg.call
	ev := &siprecEvents{rtpEvents: (*rtpEvents)(c), line: s, stream: st}
	st.rtpLine.session = c.manager.opts.Engine.NewSession(st.pair, st.config(st.media, st.codec), ev)
}

// siprecPlan says which stream each m-line of an offer is for. Nothing has changed yet.
type siprecPlan struct {
	line  *siprecLine
	offer *sdp.Streams
	of    []*siprecStream // by m-line; nil: refused
	fresh []*siprecStream // made for this offer
	extra []*siprecStream // that are to go
	bound []*siprecStream // that got ports for this offer
}

// plan finds the stream of each m-line: the one that it had, else one that has lost its
// m-line - of the same label first, because some clients open a new m-line for each
// change of codec - else a new one. What is one too many is refused.
func (s *siprecLine) plan(o *sdp.Streams) *siprecPlan {
	p := &siprecPlan{line: s, offer: o, of: make([]*siprecStream, len(o.List))}
	used := make(map[*siprecStream]bool)
	give := func(i int, st *siprecStream) { p.of[i], used[st] = st, true }
	usable := func(i int) bool {
		_, err := codecOf(&o.List[i].Media)
		return o.List[i].Open() && err == nil
	}
	for i := range o.List {
		for _, st := range s.streams {
			if st.mline == i && usable(i) {
				give(i, st)
			}
		}
	}
	free := func(fits func(*siprecStream) bool) *siprecStream {
		for _, st := range s.streams {
			if !used[st] && fits(st) {
				return st
			}
		}
		return nil
	}
	each := func(pick func(i int) *siprecStream) {
		for i := range o.List {
			if p.of[i] != nil || !usable(i) || len(used) >= maxSiprecStreams {
				continue
			}
			if st := pick(i); st != nil {
				give(i, st)
			}
		}
	}
	each(func(i int) *siprecStream {
		label := o.List[i].Label
		return free(func(st *siprecStream) bool { return label != "" && st.label == label })
	})
	each(func(int) *siprecStream { return free(func(*siprecStream) bool { return true }) })
	each(func(int) *siprecStream {
		st := s.add()
		p.fresh = append(p.fresh, st)
		return st
	})
	for _, st := range s.streams {
		if !used[st] && st.index > sideCallee {
			p.extra = append(p.extra, st)
		}
	}
	return p
}

// bind gets the ports. An m-line for which there is none is refused, as long as there
// is one for another; the error is that of the first.
func (p *siprecPlan) bind() error {
	ok, why := 0, error(nil)
	for i, st := range p.of {
		if st == nil {
			continue
		}
		had := st.pair != nil
		if err := p.line.bind(st); err != nil {
			p.of[i], why = nil, err
			continue
		}
		if ok++; !had {
			p.bound = append(p.bound, st)
		}
		port := st.pair.Port()
		p.offer.List[i].Port, p.offer.List[i].RTCPPort = port, port+1
	}
	if ok == 0 && why != nil {
		p.undo()
		return why
	}
	return nil
}

// undo forgets the plan: the call stays as it was.
func (p *siprecPlan) undo() {
	m := p.line.leg.call.manager
	for _, st := range p.bound {
		if st.index == sideCaller {
			continue // the leg's own
		}
		m.usePort(st.pair.Port(), place{})
		st.pair.Close()
		st.pair = nil
	}
	for _, st := range p.fresh {
		p.line.streams = without(p.line.streams, st)
	}
}

// label tells the streams their m-lines and labels. The label of one that lost its
// m-line stays: it may come back.
func (p *siprecPlan) label() {
	for _, st := range p.line.streams {
		st.mline = -1
	}
	for i, st := range p.of {
		if st == nil {
			continue
		}
		st.mline = i
		if label := p.offer.List[i].Label; label != "" {
			st.label = cut(label, 256)
		}
	}
}

// apply makes a changed offer, or an answer to ours, take effect between two ticks.
func (p *siprecPlan) apply() {
	s := p.line
	p.label()
	for _, st := range p.extra {
		s.quit(st)
	}
	for _, st := range s.streams {
		switch {
		case st.mline >= 0 && st.rtpLine.session == nil:
			st.take(p.offer.List[st.mline].Media)
			s.enter(st)
		case st.mline >= 0:
			s.change(st, p.offer.List[st.mline].Media)
		case st.rtpLine.session != nil:
			m := st.media
			m.Direction = sdp.Inactive
			s.change(st, m)
		}
	}
}

// enter adds a stream to a session that runs, for its recordings too.
func (s *siprecLine) enter(st *siprecStream) {
	l := s.leg
	c := l.call
	st.begin(s)
	f := c.feed
	l.do(func() {
		if err := st.join(l); err != nil {
			c.filterFailed("stream of a recording session", err)
		}
		if f != nil && !f.over && st.index == sideCallee {
			f.hearApart(st.rtpLine, sideCallee)
		}
	})
}

// change is rtpLine.update of one stream.
func (s *siprecLine) change(st *siprecStream, m sdp.Media) {
	l := s.leg
	c, old, before := l.call, st.codec, st.media
	st.take(m)
	st.quiet = false
	cd := st.codec
	recode := old.Encoding() != cd.Encoding()
	first := st.index == sideCaller
	var out []*voice
	if recode && first {
		l.codec, out = cd, c.interrupt()
	}
	cfg := st.config(st.media, cd)
	feeds := c.feedsOf(st)
	noise := m.CNType
	l.do(func() {
		st.configure(&cfg)
		for _, f := range feeds {
			f.recode(st.rtpLine)
		}
		for _, v := range out {
			v.leave(l)
		}
		switch {
		case recode:
			st.recode(old, cd, noise)
		case noise != 0 && noise != before.CNType:
			st.decoder.SetNoise(noise, &codec.ComfortNoise{})
		}
		if first {
			l.graph.SetTick(tickOf(m.Ptime))
		}
	})
	if recode && first {
		c.reload()
	}
}

// feedsOf lists the feeds that take a stream.
func (c *Call) feedsOf(st *siprecStream) []*feed {
	var list []*feed
	if c.feed != nil && st.index <= sideCallee {
		list = append(list, c.feed)
	}
	for _, r := range c.recordings {
		if r.stream == st && r.feed != nil {
			list = append(list, r.feed)
		}
	}
	return list
}
