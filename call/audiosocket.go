package call

import (
	"strconv"
	"sync"
	"time"

	"rms/media/codec"
	"rms/media/filter"
	"rms/media/wire/audiosocket"
	"rms/sip"
)

// socketWait is how long a call by AudioSocket waits for the first audio, whose rate
// becomes that of both directions; a caller that is silent is taken for 8000 Hz.
const socketWait = 100 * time.Millisecond

// socketGoodbye is how long a peer may take to close its end after we hung up.
const socketGoodbye = 500 * time.Millisecond

func rateText(rate int) string { return strconv.Itoa(rate) }

// AudioSocket makes a call of a connection from Asterisk, answered from the start,
// and returns when the connection is over. It is the handler of an
// audiosocket.Server.
func (m *Manager) AudioSocket(p *audiosocket.Peer) {
	c := &Call{id: p.ID, manager: m, began: time.Now(), peer: p}
	c.router, c.release = m.pin(p.ID)
	c.far = &socketFar{call: c, peer: p}
	c.box.call = c
	if !m.admit(c) {
		c.unpin()
		m.log.Warn().Str("call_id", c.id).Str("source", p.Remote().String()).Msg("AudioSocket call refused: its UUID is live")
		_ = p.Hangup()
		return
	}
	m.total.Add(1)
	r := &socketReader{call: c, peer: p}
	wait := time.AfterFunc(socketWait, func() { r.start(8000) })
	cause := r.read()
	wait.Stop()
	r.start(8000) // a connection that ended at once is a call too
	_ = c.box.must(func() { c.ended(cause) })
}

// admit takes a call in, unless its id is live already.
func (m *Manager) admit(c *Call) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, live := m.calls[c.id]; live {
		return false
	}
	m.calls[c.id] = c
	m.meters.rise(len(m.calls))
	return true
}

// beginSocket starts the media, and tells the script.
func (c *Call) beginSocket(line *socketLine) {
	if c.state >= leaving {
		return // the server stops
	}
	rate := 8000
	if line.rate >= 16000 {
		rate = 16000
	}
	cd, _ := codec.Lookup("L16", rate, 1)
	l := &leg{call: c, line: line}
	c.state, c.answeredAt, c.route = answered, time.Now(), EventStart
	c.info().Str("source", line.peer.Remote().String()).Str("transport", "audiosocket").Msg("call came in")
	if err := l.run(cd, 20*time.Millisecond); err != nil {
		c.filterFailed("audiosocket", err)
		return
	}
	c.leg = l
	if c.resumeRecordings() != nil {
		return
	}
	c.resumeStreams()
	c.manager.answered.Add(1)
	c.limitDuration()
	i := c.socketInfo()
	c.emitThen(&Event{Name: EventInvite, Fields: []Field{{"from", i.From}, {"to", i.To}, {"ruri", i.RURI}, {"source", i.Source}}},
		nil, func(error) {
			if c.state != answered {
				return
			}
			_ = line.keys.put(func() error { return line.peer.Signal(audiosocket.SignalAnswer) }) // Fork rings until then
			c.start()
		})
}

// socketInfo is what is known of a caller by AudioSocket: its UUID.
func (c *Call) socketInfo() Info {
	if c.peer == nil {
		return Info{}
	}
	return Info{
		ID: c.id, RURI: "audiosocket:" + c.id, RURIUser: c.id, ToUser: c.id, To: "audiosocket:" + c.id,
		Source: c.peer.Remote().String(), Transport: "audiosocket",
	}
}

// socketFar hangs up a call by AudioSocket. The goodbye itself follows what still
// waits to be sent, when the leg ends.
type socketFar struct {
	call *Call
	peer *audiosocket.Peer
}

// Reject ends the call: there is no other answer in this protocol.
func (f *socketFar) Reject(int, string, ...sip.Header) error { return f.Bye("") }

// Bye ends the call. A peer that does not close its end is cut off.
func (f *socketFar) Bye(string) error {
	time.AfterFunc(socketGoodbye, f.peer.Close)
	return nil
}

// socketReader reads what the peer of a call sends, on the goroutine of its connection.
type socketReader struct {
	call *Call
	peer *audiosocket.Peer

	once sync.Once
	line *socketLine

	rate    int // that convert takes
	convert *filter.Resampler
	pcm     []int16
	out     []int16
}

// start begins the call at a rate in Hz, once.
func (r *socketReader) start(rate int) {
	r.once.Do(func() {
		r.line = newSocketLine(r.call, r.peer, rate)
		_ = r.call.box.must(func() { r.call.beginSocket(r.line) })
	})
}

// read returns when the connection is over, with the cause.
func (r *socketReader) read() sip.Cause {
	for {
		m, err := r.peer.Next()
		if err != nil {
			return sip.Cause{By: sip.ByCaller, Text: "caller hung up"}
		}
		is := audiosocket.Interpret(m, true, r.peer.Dialect())
		switch is.What {
		case audiosocket.Audio:
			r.audio(m)
		case audiosocket.Key:
			r.key(is)
		case audiosocket.Hangup:
			return sip.Cause{By: sip.ByCaller, Text: "caller hung up"}
		case audiosocket.Failure:
			return sip.Cause{By: sip.ByCaller, Text: "AudioSocket error " + strconv.Itoa(is.Code)}
		case audiosocket.Nothing, audiosocket.Identity, audiosocket.ControlSignal:
		}
	}
}

// audio plays one message into the call.
func (r *socketReader) audio(m audiosocket.Message) {
	rate := m.Kind.Rate()
	if r.pcm = r.peer.PCM(r.pcm[:0], m); len(r.pcm) == 0 {
		return
	}
	r.start(rate)
	r.line.framesIn.Add(1)
	pcm := r.pcm
	if rate != r.line.rate {
		if r.convert == nil || r.rate != rate {
			c, err := filter.NewRate(rate, r.line.rate, 1)
			if err != nil {
				return
			}
			c.Stream()
			r.convert, r.rate = c, rate
		}
		r.out = r.convert.Process(r.out[:0], pcm)
		pcm = r.out
	}
	_ = r.line.heard.Write(pcm, nil)
}

func (r *socketReader) key(is audiosocket.Meaning) {
	if is.Begin {
		return
	}
	ms := int(is.Duration.Milliseconds())
	if ms == 0 {
		ms = infoMillis
	}
	c := r.call
	_ = c.box.post(func() {
		if c.state < leaving {
			c.digit(is.Digit, ms, "audiosocket")
		}
	})
}
