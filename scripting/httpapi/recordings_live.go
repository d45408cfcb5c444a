package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"rms/call"
	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/wav"
)

// Names of what the websocket of a recording tells.
const (
	eventRecording    = "recording"
	eventRecordingEnd = "recording_end"
)

// livePiece is how much audio is in one message.
const livePiece = 100 * time.Millisecond

// recordingLive is GET /v1/recordings/{id}/live: a websocket with the audio of a
// recording as it is written. The first message is an event that says what comes; then
// each binary one holds samples of 16 bits, little-endian, interleaved; the last one is
// an event again. It begins with what comes now, or with ?from=start at the beginning.
func (s *Server) recordingLive(w http.ResponseWriter, r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		return fault("upgrade", "this path speaks websocket only; /audio?follow=1 sends the same as a file over HTTP")
	}
	start, err := startOf(r)
	if err != nil {
		return err
	}
	rs, rec, err := s.findRecording(r)
	if err != nil {
		return err
	}
	opening, cancel := context.WithTimeout(r.Context(), infoTimeout)
	defer cancel()
	a, err := rs.Open(opening, rec)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	switch {
	case a.Encrypted:
		return shelf.ErrEncrypted
	case !a.Growing():
		return fault("running", "the recording has ended: /audio has all of it")
	}
	leave, err := s.takeStream()
	if err != nil {
		return err
	}
	defer leave()
	if err := rs.Note(rec, s.byWhom(r, ""), "listen"); err != nil {
		return err
	}
	shrink(r)
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // sameOrigin has looked
	if err != nil {
		return nil //nolint:nilerr // Accept has answered
	}
	defer func() { _ = ws.CloseNow() }()
	base, gone := context.WithCancel(context.WithoutCancel(r.Context())) // net/http lets go of the request here
	defer gone()
	l := &liveFeed{server: s, ws: ws, rec: rec, base: ws.CloseRead(base)}
	ctx, end := s.untilQuit(l.base)
	defer end()
	code, reason := l.run(ctx, a, start)
	_ = ws.Close(code, reason)
	return nil
}

func startOf(r *http.Request) (start bool, err error) {
	q := r.URL.Query()
	for name := range q {
		if name != "from" {
			return false, wrong(short(name), "unknown parameter of the query (has: from)")
		}
	}
	switch q.Get("from") {
	case "", "now":
		return false, nil
	case "start":
		return true, nil
	}
	return false, wrong("from", "\"from\" must be now or start")
}

// liveFeed is one websocket.
type liveFeed struct {
	server *Server
	ws     *websocket.Conn
	rec    *ledger.Sidecar
	base   context.Context //nolint:containedctx // ends when the client has gone; one that ends for another reason would break the websocket off
}

// run sends what comes until one of both ends it. What the client does not take stays in
// the file: nothing but one message waits for it.
func (l *liveFeed) run(ctx context.Context, a *shelf.Audio, start bool) (websocket.StatusCode, string) {
	in, err := a.Follow(ctx)
	if err != nil {
		return websocket.StatusInternalError, "read the recording"
	}
	audio, err := wav.Open(in, -1)
	if err != nil {
		return l.why(ctx, "read the recording")
	}
	format, at := audio.Info().Format, int64(0)
	if !start {
		before := in.At()
		if in.SkipToEnd() != nil {
			return websocket.StatusInternalError, "read the recording"
		}
		at = (in.At() - before) / int64(max(audio.Info().Bits/8*format.Channels, 1))
	}
	if l.tell(eventRecording,
		call.Field{Name: "id", Value: l.rec.ID}, call.Field{Name: "file", Value: l.rec.File}, call.Field{Name: "encoding", Value: "l16le"},
		call.Field{Name: "rate", Value: format.Rate}, call.Field{Name: "channels", Value: format.Channels},
		call.Field{Name: "at_ms", Value: at * 1000 / int64(format.Rate)}, call.Field{Name: "sides", Value: l.sides()}) != nil {
		return websocket.StatusPolicyViolation, "too slow"
	}
	pcm, bytes := make([]int16, format.Samples(livePiece)), make([]byte, 0, 2*format.Samples(livePiece))
	for {
		n, err := audio.ReadSamples(pcm)
		if errors.Is(err, io.EOF) {
			_ = l.tell(eventRecordingEnd, call.Field{Name: "id", Value: l.rec.ID}, call.Field{Name: "duration_ms", Value: at * 1000 / int64(format.Rate)})
			return websocket.StatusNormalClosure, "the recording has ended"
		}
		if err != nil {
			return l.why(ctx, "read the recording")
		}
		bytes = bytes[:0]
		for _, v := range pcm[:n] {
			bytes = append(bytes, byte(v), byte(uint16(v)>>8)) //nolint:gosec // the bits as they are
		}
		if l.send(websocket.MessageBinary, bytes) != nil {
			return websocket.StatusPolicyViolation, "too slow"
		}
		at += int64(n / format.Channels)
	}
}

// why is how a feed ends that could not go on.
func (l *liveFeed) why(ctx context.Context, otherwise string) (websocket.StatusCode, string) {
	select {
	case <-l.server.quit:
		return websocket.StatusGoingAway, "the server is stopping"
	default:
	}
	if ctx.Err() != nil {
		return websocket.StatusNormalClosure, ""
	}
	return websocket.StatusInternalError, otherwise
}

// sides are the names of the channels.
func (l *liveFeed) sides() []any {
	names := []any{}
	for _, side := range l.rec.Sides {
		names = append(names, side.Label)
	}
	return names
}

func (l *liveFeed) tell(name string, fields ...call.Field) error {
	ev := call.Event{Name: name, Kind: name, Call: l.rec.Call, Time: time.Now(), Fields: fields}
	return l.send(websocket.MessageText, ev.AppendJSON(nil, ""))
}

// send writes one message, and waits until the kernel has it.
func (l *liveFeed) send(kind websocket.MessageType, b []byte) error {
	ctx, cancel := context.WithTimeout(l.base, l.server.opts.Times.Stall)
	defer cancel()
	return l.ws.Write(ctx, kind, b)
}
