package httpapi

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// content sends a file or ranges of it.
func (s *Server) content(w http.ResponseWriter, r *http.Request, changed time.Time, whole *io.SectionReader) error {
	out := &piecewise{ResponseWriter: w, control: http.NewResponseController(w), most: s.opts.Times.Stall}
	http.ServeContent(out, r, "", changed, whole)
	return out.failed(w)
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
