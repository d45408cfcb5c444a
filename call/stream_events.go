package call

import (
	"net/netip"
	"strings"

	"rms/media/target"
	"rms/media/wire/audiostream"
	"rms/sip"
)

// The events of streams. For websockets the same moments are events of
// mod_audio_stream too, with the bodies that its clients know.
const (
	EventStreamConnect    = "rms:stream_connect"
	EventStreamDisconnect = "rms:stream_disconnect"
	EventStreamError      = "rms:stream_error"
	EventStreamJSON       = "rms:stream_json"
	EventStreamPlay       = "rms:stream_play"
	EventStreamMark       = "rms:stream_mark"
	EventStreamDrop       = "rms:stream_drop"

	audioStream = "mod_audio_stream::"
)

// event makes an event of the stream: ours, and that of mod_audio_stream when
// subclass names one and the far end is a websocket.
func (s *stream) event(name, subclass, body string, fields ...Field) []*Event {
	list := append([]Field{{"name", s.name}}, fields...)
	if body != "" {
		list = append(list, Field{"body", body})
	}
	out := []*Event{{Name: name, Fields: list}}
	if subclass != "" && s.websocket() {
		out = append(out, &Event{Name: audioStream + subclass, Fields: []Field{{"name", s.name}, {"body", body}}})
	}
	return out
}

func (s *stream) websocket() bool {
	u := s.set.target.URL
	return u != nil && strings.HasPrefix(u.Scheme, "ws")
}

func (s *stream) compat() audiostream.Compat {
	return audiostream.Compat(s.call.manager.opts.Streams.Compat)
}

// streamUp tells that a stream is connected.
func (c *Call) streamUp(s *stream, remote netip.AddrPort) {
	_ = c.box.must(func() {
		s.up = true
		c.info().Str("stream", s.name).Str("remote", address(remote)).Msg("stream connected")
		c.emitAll(s.event(EventStreamConnect, "connect", audiostream.ConnectBody(),
			Field{"url", shownURL(s.set.target.URL)}, Field{"remote", address(remote)}), nil)
	})
}

// streamRefused tells of an attempt to connect that failed.
func (c *Call) streamRefused(s *stream, err *target.ConnectError, retry int) {
	_ = c.box.must(func() {
		c.warn().Str("stream", s.name).Int("code", err.Code).Int("http_status", err.HTTPStatus).
			Str("err", cut(err.Error(), 1024)).Msg("stream not connected")
		c.emitAll(s.errorEvents(err, retry+1), nil)
	})
}

// streamBroke tells of what went wrong in a connection that is over now.
func (c *Call) streamBroke(s *stream, end *target.Ended) {
	_ = c.box.must(func() {
		c.warn().Str("stream", s.name).Int("code", end.Error).Str("err", cut(end.Text, 1024)).Msg("stream broke")
		list := s.errorEvents(&target.ConnectError{Code: end.Error, Text: end.Text}, 0)
		if s.compat() == audiostream.G1 {
			list = list[:1] // the first generation told only of its end
		}
		c.emitAll(list, nil)
	})
}

func (s *stream) errorEvents(err *target.ConnectError, retries int) []*Event {
	body := audiostream.ErrorBody(s.compat(), audiostream.Failure{
		Code: err.Code, Text: err.Text, HTTPStatus: err.HTTPStatus, StatusLine: err.StatusLine,
		URL: s.set.target.URL.String(), Retries: retries,
	})
	return s.event(EventStreamError, "error", body, Field{"code", int64(err.Code)},
		Field{"error", cut(err.Said(), 1024)}, Field{"http_status", int64(err.HTTPStatus)})
}

// streamDown tells of the end of a connection that another is tried after.
func (c *Call) streamDown(s *stream, end *target.Ended) {
	ended := *end
	_ = c.box.must(func() { c.emitAll(s.downEvents(&ended, true), nil) })
}

func (s *stream) downEvents(end *target.Ended, again bool) []*Event {
	subclass := "disconnect"
	switch s.compat() {
	case audiostream.G1:
		if !s.up {
			subclass = "" // the first generation told of the end of what it had told of
		}
	case audiostream.G2:
		if end.By != target.ByRemote || end.Code == 1006 {
			subclass = "" // the second told only of a server's close
		}
	}
	s.up = false
	st, lost := s.stats(), s.lost()
	s.call.info().Str("stream", s.name).Str("by", end.By).Int("code", end.Code).Str("reason", cut(end.Reason, 256)).
		Uint64("frames_out", st.FramesOut).Dur("dropped", lost).Bool("again", again).Msg("stream disconnected")
	return s.event(EventStreamDisconnect, subclass, audiostream.DisconnectBody(end.Code, end.Reason),
		Field{"by", end.By}, Field{"code", int64(end.Code)}, Field{"reason", end.Reason},
		Field{"frames_out", int64(st.FramesOut)}, Field{"dropped_ms", lost.Milliseconds()},
		Field{"again", again})
}

// streamOver takes the end of a stream.
func (c *Call) streamOver(s *stream, end *target.Ended) {
	over := *end
	_ = c.box.must(func() {
		if !s.leavesTail() {
			s.clearMarks()
		}
		s.ending = true
		c.emitAll(s.downEvents(&over, false), func() { c.dropStream(s, &over) })
	})
}

// hungUp ends the call for a far end that ended its stream, when it was asked to.
func (c *Call) hungUp(s *stream, end *target.Ended) {
	if s.set.hangup && end.By != target.ByLocal && c.state < leaving {
		c.hangup(sip.Cause{By: sip.ByUs, Text: "stream " + s.name + " ended"})
	}
}

func (s *stream) textEvents(text string) []*Event {
	list := s.event(EventStreamJSON, "", "", Field{"text", text})
	if s.websocket() {
		list = append(list, &Event{Name: audioStream + "json", Fields: []Field{{"name", s.name}, {"body", text}}})
	}
	return list
}

func (s *stream) playEvents(body, file string) []*Event {
	return s.event(EventStreamPlay, "play", audiostream.PlayBody(body, file), Field{"file", file})
}
