package record

import (
	"slices"
	"time"

	"rms/media"
	"rms/media/timeline"
)

// lane is one side of a recording: what places its sound.
type lane struct {
	work   *work
	side   int
	line   *timeline.Line
	ours   bool           // it is what we send: nothing of it is late
	old    *timeline.Line // the one before it, whose last sound is not placed yet
	until  int64          // where it ends
	past   timeline.Stats // of lines before this one
	codecs []string
	ssrc   []uint32
	known  []known // for the next line
	pcm    pcmLine
	carry  []int16 // sound behind the stage, for the next one: lines give packets whole
	from   int64   // its place
}

// maxCodecs is how many payload types of a side are kept over a new line.
const maxCodecs = 8

type known struct {
	pt    uint8
	codec media.Codec
}

// maxSources bounds the list of SSRCs in the sidecar.
const maxSources = 16

// start makes the line, by defaults when it was not told about.
func (l *lane) start() *timeline.Line {
	if l.line == nil {
		l.make(l.side == 1, 0)
	}
	return l.line
}

func (l *lane) make(ours bool, delay time.Duration) {
	l.ours = ours
	l.line = timeline.New(timeline.Options{Rate: l.work.format.Rate, Delay: delay, Ours: ours})
	for _, k := range l.known {
		l.line.SetCodec(k.pt, k.codec)
	}
}

// renew begins another line at a position. The one before it goes on for a moment: its
// sound lies a little behind.
func (l *lane) renew(ours bool, delay time.Duration, now int64) {
	l.finishOld()
	if l.line != nil {
		l.past = l.stats()
		l.old, l.until = l.line, now
	}
	l.make(ours, delay)
}

// finish ends the lines and keeps their counts and gaps.
func (l *lane) finish(until int64) {
	l.finishOld()
	if l.line == nil {
		return
	}
	l.line.Finish(until, l)
	l.gaps()
	l.past = l.stats()
	l.line = nil
}

func (l *lane) finishOld() {
	if l.old == nil {
		return
	}
	l.old.Finish(min(l.until, l.work.stageTo), l)
	l.oldGaps()
	l.old = nil
}

func (l *lane) oldGaps() {
	l.old.Gaps(func(g timeline.Gap) {
		g.Length = min(g.Length, l.until-g.At)
		if g.Length > 0 {
			l.work.gap(l.side, g)
		}
	})
}

func (l *lane) stats() timeline.Stats {
	s := l.past
	if l.line == nil {
		return s
	}
	n := l.line.Stats()
	s.Packets += n.Packets
	s.Lost += n.Lost
	s.Late += n.Late
	s.Duplicates += n.Duplicates
	s.Unknown += n.Unknown
	s.Stray += n.Stray
	s.Restarts += n.Restarts
	s.SkewPPM = n.SkewPPM
	return s
}

func (l *lane) setCodec(pt uint8, codec media.Codec) {
	if codec.NewDecoder == nil {
		return
	}
	at := slices.IndexFunc(l.known, func(k known) bool { return k.pt == pt })
	switch {
	case at >= 0:
		l.known[at].codec = codec
	case len(l.known) < maxCodecs:
		l.known = append(l.known, known{pt, codec})
	}
	l.start().SetCodec(pt, codec)
	if name := codec.Encoding(); !slices.Contains(l.codecs, name) && len(l.codecs) < maxSources {
		l.codecs = append(l.codecs, name)
	}
}

func (l *lane) packet(p *timeline.Packet) {
	if n := len(l.ssrc); (n == 0 || l.ssrc[n-1] != p.SSRC) && n < maxSources && !slices.Contains(l.ssrc, p.SSRC) {
		l.ssrc = append(l.ssrc, p.SSRC)
	}
	l.start().Write(p)
}

// give places what is before a position.
func (l *lane) give(until int64) {
	if n := len(l.carry); n > 0 {
		l.Place(l.from, l.carry[:min(int64(n), until-l.from)])
		l.carry = l.carry[:copy(l.carry, l.carry[min(int64(n), until-l.from):])]
		l.from = until
	}
	if l.old != nil {
		l.old.Take(until, l)
		if until-l.until > int64(l.work.format.Rate)/2 {
			l.finishOld()
		}
	}
	if l.line != nil {
		l.line.Take(until, l)
	}
	l.pcm.give(l, until)
}

// settled is the position before which nothing changes any more.
func (l *lane) settled() int64 {
	if l.line == nil {
		return none
	}
	if l.old != nil {
		return min(l.line.Settled(), l.old.Settled())
	}
	return l.line.Settled()
}

// Place is part of timeline.Sink.
func (l *lane) Place(at int64, pcm []int16) {
	c := l.work
	if cut := c.origin - at; cut > 0 {
		if cut >= int64(len(pcm)) {
			return
		}
		at, pcm = at+cut, pcm[cut:]
	}
	if over := at + int64(len(pcm)) - c.stageTo; over > 0 {
		over = min(over, int64(len(pcm)))
		keep := int64(len(pcm)) - over
		l.keep(at+keep, pcm[keep:])
		if pcm = pcm[:keep]; keep == 0 {
			return
		}
	}
	c.quiet.hear(c, at, pcm)
	if c.kept != nil {
		c.kept.put(l.side, at, pcm)
		return
	}
	if late := c.pos - at; late > 0 {
		late = min(late, int64(len(pcm)))
		c.late(l.side, at, pcm[:late])
		at, pcm = at+late, pcm[late:]
	}
	if len(pcm) > 0 {
		c.toStage(l.side, at, pcm)
	}
}

func (c *work) toStage(side int, at int64, pcm []int16) {
	from := int(at - c.pos)
	if c.format.Channels == 1 {
		copy(c.w.stage[from:], pcm)
		return
	}
	out := c.w.stage[2*from+c.r.spec.Sides.channel(side):]
	for i, v := range pcm {
		out[2*i] = v
	}
}

// keep holds what lies behind the stage.
func (l *lane) keep(at int64, pcm []int16) {
	if len(l.carry) == 0 {
		l.from = l.work.stageTo
	}
	from := at - l.from
	if from < 0 || from+int64(len(pcm)) > stageSamples {
		return // no line gives so much
	}
	if more := int(from) + len(pcm) - len(l.carry); more > 0 {
		l.carry = append(l.carry, make([]int16, more)...)
	}
	copy(l.carry[from:], pcm)
}

// gaps notes the gaps that the line is sure of now.
func (l *lane) gaps() {
	if l.line == nil {
		return
	}
	if l.old != nil {
		l.oldGaps()
	}
	l.line.Gaps(func(g timeline.Gap) { l.work.gap(l.side, g) })
}

func (c *work) noteGaps() {
	for side := range c.lanes {
		c.lanes[side].gaps()
	}
	c.noteDrops()
}
