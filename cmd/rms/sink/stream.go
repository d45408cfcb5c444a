package sink

import (
	"math"
	"os"
	"sync"
	"time"

	"rms/media"
)

// stream is one stream of a sink. The goroutine that receives it owns it; what the
// table shows is behind mu, which is never held while a file is written.
type stream struct {
	board   *board
	n       int
	remote  string
	started time.Time
	about   Event // what start said: path, subprotocol, caller ...
	base    string
	lanes   []*lane
	saved   *os.File // text messages
	savedAs string
	extra   []string // further files
	broken  bool     // a file could not be written: said once

	mu      sync.Mutex
	id      string
	texts   uint64
	pings   uint64
	digits  []byte
	dropped uint64
	sent    uint64
	spoken  time.Duration
	waiting int // bytes of the echo

	lookedAt time.Time // of the table
	seen     uint64    // frames then
}

// lane is audio that comes in a row: that of a connection, or one direction of RST.
type lane struct {
	side string // "", R or W
	arrivals
	codec  string
	format media.Format
	frames uint64
	bytes  uint64
	length time.Duration
	levels [2]level
	out    *recording
}

const (
	digitsMost = 256 // keys that are kept of a stream
	idMost     = 128 // bytes of what a peer calls its stream
)

// newLane adds a lane whose WAV files end in tail.
func (s *stream) newLane(side, tail string, files bool) *lane {
	l := &lane{side: side}
	if files && s.board.dir != nil {
		l.out = &recording{dir: s.board.dir, tail: tail, split: s.board.o.Split}
	}
	s.mu.Lock()
	s.lanes = append(s.lanes, l)
	s.mu.Unlock()
	return l
}

// arrive counts a frame, whatever it holds.
func (s *stream) arrive(l *lane, at time.Time, bytes int) {
	s.mu.Lock()
	l.arrive(at)
	l.frames++
	l.bytes += uint64(bytes)
	s.mu.Unlock()
}

// audio measures and keeps samples.
func (s *stream) audio(l *lane, pcm []int16, f media.Format, codec string) {
	s.mu.Lock()
	l.codec, l.format = codec, f
	l.length += f.Duration(len(pcm))
	for c := range min(f.Channels, len(l.levels)) {
		l.levels[c].add(pcm, c, f.Channels)
	}
	s.mu.Unlock()
	if err := l.out.write(s.base, pcm, f); err != nil {
		s.fileError(l, err)
	}
}

// fileError gives the files of a lane up; the stream goes on.
func (s *stream) fileError(l *lane, err error) {
	s.drop(1)
	if l.out != nil {
		_ = l.out.close()
		s.extra = append(s.extra, l.out.names...)
		l.out = nil
	}
	if !s.broken {
		s.broken = true
		s.problem("files: " + err.Error())
	}
}

// event is one about this stream.
func (s *stream) event(kind string) Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Event{Event: kind, Time: time.Now(), Sink: s.board.o.Kind, N: s.n, ID: s.id, Remote: s.remote}
}

func (s *stream) problem(text string) {
	e := s.event(EventProblem)
	e.Text = text
	s.board.o.Report(e)
}

// rename takes what the peer calls its stream.
func (s *stream) rename(id string) {
	s.mu.Lock()
	s.id = id[:min(len(id), idMost)]
	s.mu.Unlock()
	s.base = id[:min(len(id), nameMost)]
}

func (s *stream) drop(n uint64) {
	s.mu.Lock()
	s.dropped += n
	s.mu.Unlock()
}

// echoMemory is how many bytes of the echo may wait for a peer that does not read.
const echoMemory = 256 << 10

// admit makes room for n bytes of the echo, or counts them as dropped.
func (s *stream) admit(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting+n > echoMemory {
		s.dropped++
		return false
	}
	s.waiting += n
	return true
}

// echoed gives the room of n bytes back.
func (s *stream) echoed(n int) {
	s.mu.Lock()
	s.waiting -= n
	s.mu.Unlock()
}

// spoke counts what was sent back.
func (s *stream) spoke(d time.Duration) {
	s.mu.Lock()
	s.sent++
	s.spoken += d
	s.mu.Unlock()
}

// digit reports a key.
func (s *stream) digit(key byte, held time.Duration) {
	s.mu.Lock()
	if len(s.digits) < digitsMost {
		s.digits = append(s.digits, key)
	}
	s.mu.Unlock()
	e := s.event(EventDigit)
	e.Digit, e.DurationMS = string(key), held.Milliseconds()
	s.board.o.Report(e)
}

// end closes the files, and then says that the stream is over.
func (s *stream) end(cause, why string, code int) {
	files := s.extra
	for _, l := range s.lanes {
		if err := l.out.close(); err != nil {
			s.fileError(l, err)
			continue
		}
		if l.out != nil {
			files = append(files, l.out.names...)
		}
	}
	if s.saved != nil {
		_ = s.saved.Close()
		files = append(files, s.savedAs)
	}
	e := s.event(EventStop)
	e.Totals = s.totals(e.Time)
	e.Totals.Cause, e.Totals.Why, e.Totals.Code, e.Totals.Files = cause, why, code, files
	if len(s.lanes) > 0 {
		e.Codec, e.Rate, e.Channels = s.lanes[0].codec, s.lanes[0].format.Rate, s.lanes[0].format.Channels
	}
	e.Caller, e.Callee, e.Generation = s.about.Caller, s.about.Callee, s.about.Generation
	s.board.leave(s, e.Totals)
	s.board.o.Report(e)
}

func (s *stream) totals(now time.Time) *Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &Totals{
		Start: s.started, Seconds: now.Sub(s.started).Seconds(),
		Texts: s.texts, Pings: s.pings, Digits: string(s.digits), Dropped: s.dropped,
		SentFrames: s.sent, SentSeconds: s.spoken.Seconds(), Sides: []Side{},
	}
	var gaps []*arrivals
	for _, l := range s.lanes {
		t.add(l)
		gaps = append(gaps, &l.arrivals)
	}
	t.P99GapMS = milliseconds(quantile(0.99, gaps...))
	return t
}

func (t *Totals) add(l *lane) {
	t.Frames += l.frames
	t.Bytes += l.bytes
	t.AudioSeconds = max(t.AudioSeconds, l.length.Seconds())
	t.MaxGapMS = max(t.MaxGapMS, milliseconds(l.greatest))
	if l.frames > 0 {
		if first := l.first; t.First == nil || first.Before(*t.First) {
			t.First = &first
		}
		if last := l.last; t.Last == nil || last.After(*t.Last) {
			t.Last = &last
		}
	}
	for c, name := range l.sides() {
		t.Sides = append(t.Sides, Side{
			Side: name, Frames: l.frames, Bytes: l.bytes / uint64(max(1, l.format.Channels)),
			Level: tenth(l.levels[c].whole()), Peak: tenth(l.levels[c].top()),
		})
	}
}

// sides names the channels of a lane.
func (l *lane) sides() []string {
	switch {
	case l.side != "":
		return []string{l.side}
	case l.format.Channels == 2:
		return []string{"left", "right"}
	}
	return []string{"mono"}
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

func tenth(v float64) float64 {
	return math.Round(10*v) / 10
}
