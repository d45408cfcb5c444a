package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rms/media/record/shelf"
)

// audioPiece is how much of a recording is in memory for one client.
const audioPiece = 32 << 10

// recordingAudio is GET /v1/recordings/{id}/audio: the file, or ranges of it. Of a
// recording that is being made it is what there is now, with a header that says so;
// with ?follow=1 what comes is sent too, until the recording ends.
func (s *Server) recordingAudio(w http.ResponseWriter, r *http.Request) error {
	follow, err := followOf(r)
	if err != nil {
		return err
	}
	rs, rec, err := s.findRecording(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), infoTimeout)
	defer cancel()
	a, err := rs.Open(ctx, rec)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	if r.Method == http.MethodGet {
		if err := rs.Note(rec, s.byWhom(r, ""), "fetch"); err != nil {
			return err
		}
	}
	h := w.Header()
	h.Set("Content-Type", "audio/wav")
	if a.Encrypted {
		h.Set("Content-Type", "application/octet-stream")
	}
	if name := mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}); name != "" {
		h.Set("Content-Disposition", name)
	}
	lasts(w)
	if follow && r.Method == http.MethodGet {
		return s.followAudio(w, r, a)
	}
	whole, err := a.Whole()
	if err != nil {
		return err
	}
	changed := a.Time
	if a.Growing() {
		changed = time.Time{} // two answers are not parts of one file
	} else if rec.SHA256 != "" && whole.Size() == rec.Bytes {
		h.Set("ETag", `"`+rec.SHA256+`"`)
	}
	out := &piecewise{ResponseWriter: w, control: http.NewResponseController(w), most: s.opts.Times.Stall}
	http.ServeContent(out, r, "", changed, whole)
	return out.failed(w)
}

// followOf reads ?follow=1.
func followOf(r *http.Request) (bool, error) {
	q := r.URL.Query()
	for name := range q {
		if name != "follow" {
			return false, wrong(short(name), "unknown parameter of the query (has: follow)")
		}
	}
	if !q.Has("follow") {
		return false, nil
	}
	on, err := strconv.ParseBool(q.Get("follow"))
	if err != nil {
		return false, wrong("follow", "\"follow\" must be 1 or 0")
	}
	return on, nil
}

// piecewise gives a client time for each piece and not for the whole, and keeps back the
// texts of ServeContent's errors.
type piecewise struct {
	http.ResponseWriter
	control *http.ResponseController
	most    time.Duration
	refused int // status
}

func (p *piecewise) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *piecewise) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		p.refused = status
		return
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *piecewise) Write(b []byte) (int, error) {
	if p.refused != 0 {
		return len(b), nil
	}
	_ = p.control.SetWriteDeadline(time.Now().Add(p.most))
	return p.ResponseWriter.Write(b)
}

// failed is the problem in place of what was kept back.
func (p *piecewise) failed(w http.ResponseWriter) error {
	if p.refused == 0 {
		return nil
	}
	for _, name := range []string{"Content-Disposition", "Content-Encoding", "ETag", "Last-Modified", "Accept-Ranges"} {
		w.Header().Del(name)
	}
	switch p.refused {
	case http.StatusRequestedRangeNotSatisfiable:
		return fault("range", "the range lies outside of the recording ("+strings.TrimPrefix(w.Header().Get("Content-Range"), "bytes */")+" bytes), or is no range")
	case http.StatusPreconditionFailed:
		return fault("precondition", "the recording is not the one that the request is about")
	}
	return fault("internal", "read the recording: "+http.StatusText(p.refused))
}

// untilQuit is a context that ends with the server too. end waits for what it started.
func (s *Server) untilQuit(parent context.Context) (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancel(parent)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-s.quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		<-gone
	}
}

// listener takes the place of a subscriber, of which there is a bounded number.
func (s *Server) takeStream() (leave func(), err error) {
	if n := s.streams.Add(1); int(n) > s.opts.MaxStreams {
		s.streams.Add(-1)
		return nil, fault("busy", "there are "+strconv.Itoa(s.opts.MaxStreams)+" subscribers already")
	}
	return func() { s.streams.Add(-1) }, nil
}

// followAudio sends the file while it grows. Nothing but one piece waits for the client;
// one that takes nothing for Times.Stall is cut off.
func (s *Server) followAudio(w http.ResponseWriter, r *http.Request, a *shelf.Audio) error {
	leave, err := s.takeStream()
	if err != nil {
		return err
	}
	defer leave()
	ctx, end := s.untilQuit(r.Context())
	defer end()
	in, err := a.Follow(ctx)
	if err != nil {
		return err
	}
	shrink(r)
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	control, piece := http.NewResponseController(w), make([]byte, audioPiece)
	for {
		n, err := in.Read(piece)
		if n > 0 {
			_ = control.SetWriteDeadline(time.Now().Add(s.opts.Times.Stall))
			if _, err := w.Write(piece[:n]); err != nil {
				return nil
			}
			if control.Flush() != nil {
				return nil
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			panic(http.ErrAbortHandler) //nolint:forbidigo // so that the client does not take it for the end
		}
	}
}
