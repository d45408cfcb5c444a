package httpapi

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// batch is how many bytes of events are written at once.
const batch = 32 << 10

// sse is GET /v1/events: events as a text/event-stream, until one of both ends it.
func (s *Server) sse(w http.ResponseWriter, r *http.Request) error {
	f, err := filterOf(r.URL.Query())
	if err != nil {
		return err
	}
	fd, err := s.subscribe(f)
	if err != nil {
		return err
	}
	defer fd.leave()
	shrink(r)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	out := &stream{w: w, control: http.NewResponseController(w), stall: s.opts.Times.Stall}
	out.text.WriteString(": rms " + s.opts.Version + "\nretry: 2000\nid: " + fd.id() + "\n\n")
	if last := lastID(r); last != "" {
		out.event(fd.missed(last))
	}
	if out.flush() != nil {
		return nil
	}
	s.pump(r, fd, out)
	return nil
}

// pump writes what comes, and a sign of life when nothing does.
func (s *Server) pump(r *http.Request, fd *feed, out *stream) {
	beat := time.NewTicker(s.opts.Times.Heartbeat)
	defer beat.Stop()
	for {
		closed := fd.sub.Closed() // before the last event is read
		for t := fd.next(); t != nil; t = fd.next() {
			if out.event(t); out.text.Len() > batch && out.flush() != nil {
				return
			}
		}
		if out.flush() != nil || closed {
			return
		}
		select {
		case <-fd.sub.Ready():
		case <-beat.C:
			if t := fd.look(); t != nil {
				out.event(t)
			} else {
				out.text.WriteString("id: " + fd.id() + "\n: alive\n\n")
			}
		case <-r.Context().Done():
			return
		case <-s.quit:
			return
		}
	}
}

// stream writes server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
	text    bytes.Buffer
}

func (o *stream) event(t *told) {
	o.text.WriteString("id: " + t.id + "\nevent: " + strings.Map(oneLine, t.Name) + "\ndata: ")
	o.text.Write(t.AppendJSON(o.text.AvailableBuffer(), t.id))
	o.text.WriteString("\n\n")
}

// oneLine keeps a name that a script made up from ending its line.
func oneLine(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}

// flush sends what was written, and waits until the kernel has it.
func (o *stream) flush() error {
	if o.text.Len() == 0 {
		return nil
	}
	_ = o.control.SetWriteDeadline(time.Now().Add(o.stall))
	_, err := o.w.Write(o.text.Bytes())
	if err == nil {
		err = o.control.Flush()
	}
	o.text.Reset()
	return err
}
