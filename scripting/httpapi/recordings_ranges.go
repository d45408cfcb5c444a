package httpapi

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// content sends a file or ranges of it.
func (s *Server) content(w http.ResponseWriter, r *http.Request, changed time.Time, whole *io.SectionReader) error {
	fitRange(r, whole.Size())
	out := &piecewise{ResponseWriter: w, control: http.NewResponseController(w), most: s.opts.Times.Stall}
	http.ServeContent(out, r, "", changed, whole)
	return out.failed(w)
}

// fitRange changes what net/http understands otherwise than RFC 9110: another unit than
// bytes is to be ignored (section 14.2), and "the last 0 bytes" cannot be satisfied
// (section 14.1.2), where net/http sends a Content-Range that ends before it begins.
// When nothing else is asked for, what stays lies behind the end.
func fitRange(r *http.Request, size int64) {
	unit, ranges, _ := strings.Cut(r.Header.Get("Range"), "=")
	if !strings.EqualFold(unit, "bytes") {
		r.Header.Del("Range")
		return
	}
	var kept []string
	dropped := false
	for one := range strings.SplitSeq(ranges, ",") {
		zeros, suffix := strings.CutPrefix(strings.TrimSpace(one), "-")
		if suffix && zeros != "" && strings.Trim(zeros, "0") == "" {
			dropped = true
		} else if strings.TrimSpace(one) != "" {
			kept = append(kept, one)
		}
	}
	if !dropped {
		return
	}
	if len(kept) == 0 {
		kept = []string{strconv.FormatInt(size, 10) + "-"}
	}
	r.Header.Set("Range", "bytes="+strings.Join(kept, ","))
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
