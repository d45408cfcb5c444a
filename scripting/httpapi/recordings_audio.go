package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"rms/media/record/ledger"
	"rms/media/record/shelf"
)

// audioPiece is how much of a recording is in memory for one client.
const audioPiece = 32 << 10

// recordingAudio is GET /v1/recordings/{id}/audio: the file, or ranges of it. Of a
// recording that is being made it is what there is now, with a header that says so;
// with ?follow=1 what comes is sent too, until the recording ends.
func (s *Server) recordingAudio(w http.ResponseWriter, r *http.Request) error {
	follow, tail, err := audioQuery(r)
	if err != nil {
		return err
	}
	rs, rec, err := s.findRecording(r)
	if err != nil {
		return err
	}
	if tail {
		return s.recordingTail(w, r, rs, rec)
	}
	ctx, cancel := context.WithTimeout(r.Context(), infoTimeout)
	defer cancel()
	a, err := rs.Open(ctx, rec)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	if err := s.noteFetch(r, rs, rec); err != nil {
		return err
	}
	h := w.Header()
	kind := "audio/wav"
	if a.Encrypted {
		kind = sealedType
	}
	describe(h, kind, a.Name)
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
	return s.content(w, r, changed, whole)
}

// noteFetch writes into the books who has the audio. HEAD gives none.
func (s *Server) noteFetch(r *http.Request, rs *shelf.Shelf, rec *ledger.Sidecar) error {
	if r.Method != http.MethodGet {
		return nil
	}
	return rs.Note(rec, s.byWhom(r, ""), "fetch")
}

// describe says what comes, and how a browser is to call it.
func describe(h http.Header, kind, name string) {
	h.Set("Content-Type", kind)
	if name := mime.FormatMediaType("attachment", map[string]string{"filename": name}); name != "" {
		h.Set("Content-Disposition", name)
	}
}

// audioQuery reads ?follow=1 and ?part=tail.
func audioQuery(r *http.Request) (follow, tail bool, err error) {
	q := r.URL.Query()
	for name := range q {
		if name != "follow" && name != "part" {
			return false, false, wrong(short(name), "unknown parameter of the query (has: follow, part)")
		}
	}
	if q.Has("follow") {
		if follow, err = strconv.ParseBool(q.Get("follow")); err != nil {
			return false, false, wrong("follow", "\"follow\" must be 1 or 0")
		}
	}
	if q.Has("part") {
		if tail = q.Get("part") == "tail"; !tail {
			return false, false, wrong("part", "\"part\" must be tail")
		}
	}
	if follow && tail {
		return false, false, wrong("follow", "a tail is replaced, it does not grow: ask for it without \"follow\"")
	}
	return follow, tail, nil
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
