package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"rms/call"
	"rms/sip"
)

// traceAfter is how long the trace of a call goes on after rms:end, for the answer to
// a BYE.
const traceAfter = time.Second

// traceEntry is a SIP message as JSON.
type traceEntry struct {
	Time      time.Time `json:"time"`
	Sent      bool      `json:"sent"`
	Transport string    `json:"transport"`
	Local     string    `json:"local"`
	Remote    string    `json:"remote"`
	CallID    string    `json:"call_id"` // the Call-ID header field
	First     string    `json:"first"`   // the start line
	Text      string    `json:"text"`    // the whole message
}

// traceCall is GET /v1/calls/{id}/trace: the SIP messages of a call from now on, as
// server-sent events of the name "sip". One of the name "lost" tells how many were
// left out, and "end" that the call is over.
func (s *Server) traceCall(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	ctx, cancel := context.WithTimeout(r.Context(), infoTimeout)
	defer cancel()
	ended := s.opts.Calls.Subscribe(call.SubscribeOptions{Calls: []string{id}, Names: []string{call.EventEnd}, Size: 1})
	defer ended.Close()
	i, err := s.opts.Calls.Info(ctx, id, false)
	switch {
	case err != nil:
		return err
	case i.SIPCallID == "":
		return errors.New("a call that came by AudioSocket has no SIP messages")
	}
	return s.trace(w, r, i.SIPCallID, ended.Ready())
}

// traceAll is GET /v1/trace: the SIP messages of all calls, and those outside any.
func (s *Server) traceAll(w http.ResponseWriter, r *http.Request) error {
	return s.trace(w, r, "", nil)
}

// trace writes what comes until the client goes, or a while after ended.
func (s *Server) trace(w http.ResponseWriter, r *http.Request, sipCallID string, ended <-chan struct{}) error {
	if s.opts.Trace == nil {
		return fault("unavailable", "this server cannot trace calls")
	}
	if n := s.streams.Add(1); int(n) > s.opts.MaxStreams {
		s.streams.Add(-1)
		return fault("busy", "there are "+strconv.Itoa(s.opts.MaxStreams)+" subscribers already")
	}
	defer s.streams.Add(-1)
	lines, lost, stop := s.opts.Trace(sipCallID)
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	out := &traceStream{stream: stream{w: w, control: http.NewResponseController(w), stall: s.opts.Times.Stall}, lost: lost}
	out.text.WriteString(": rms " + s.opts.Version + "\n\n")
	if out.flush() != nil {
		return nil
	}
	beat := time.NewTicker(s.opts.Times.Heartbeat)
	defer beat.Stop()
	var over <-chan time.Time
	for {
		select {
		case l := <-lines:
			out.line(&l)
		case <-beat.C:
			out.text.WriteString(": alive\n\n")
		case <-ended:
			ended = nil
			t := time.NewTimer(traceAfter)
			defer t.Stop() //nolint:revive // once
			over = t.C
		case <-over:
			out.named("end", struct{}{})
			_ = out.flush()
			return nil
		case <-r.Context().Done():
			return nil
		case <-s.quit:
			return nil
		}
		if (len(lines) == 0 || out.text.Len() > batch) && out.flush() != nil {
			return nil
		}
	}
}

// traceStream writes messages as server-sent events.
type traceStream struct {
	stream
	lost func() uint64
	told uint64 // of lost
}

func (o *traceStream) line(l *sip.TraceLine) {
	if n := o.lost(); n > o.told {
		o.named("lost", map[string]uint64{"count": n - o.told})
		o.told = n
	}
	o.named("sip", traceEntry{l.Time.UTC(), l.Sent, l.Transport, l.Local.String(), l.Remote.String(), l.CallID, l.First, l.Text})
}

func (o *traceStream) named(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		return
	}
	o.text.WriteString("event: " + name + "\ndata: ")
	o.text.Write(data)
	o.text.WriteString("\n\n")
}
