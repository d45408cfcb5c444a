package httpapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/record/shelf/index"
)

// recordingList is the answer of GET /v1/recordings.
type recordingList struct {
	Recordings []shelf.Summary `json:"recordings"` // the newest first
	Total      int             `json:"total"`      // that match, also those not in the list
	Next       string          `json:"next,omitempty"`
}

// recordings is GET /v1/recordings.
func (s *Server) recordings(w http.ResponseWriter, r *http.Request) error {
	q, err := recordingQuery(r.URL.Query())
	if err != nil {
		return err
	}
	rs, err := s.shelf()
	if err != nil {
		return err
	}
	page, err := rs.Page(r.Context(), q)
	if err != nil {
		return err
	}
	l := recordingList{Recordings: []shelf.Summary{}, Total: page.Total}
	for _, rec := range page.Recordings {
		l.Recordings = append(l.Recordings, shelf.Summarize(rec))
	}
	if n := len(l.Recordings); page.More && n > 0 {
		last := &l.Recordings[n-1]
		l.Next = strconv.FormatInt(last.Started.UnixNano(), 36) + "_" + last.ID
	}
	return writeJSON(w, http.StatusOK, l)
}

var recordingStates = []string{string(ledger.Recording), string(ledger.Complete), string(ledger.Repaired), string(ledger.Failed)}

// recordingQuery reads the parameters of a list.
func recordingQuery(v url.Values) (q index.Query, err error) {
	q.Limit = defaultLimit
	for name, values := range v {
		value := values[0]
		switch name {
		case "id":
			q.Begin = value
		case "file":
			q.File = value
		case "call":
			q.Call = value
		case "from":
			q.From, err = timeOf(name, value, false)
		case "to":
			q.To, err = timeOf(name, value, true)
		case "state":
			q.States = words(values)
			for _, state := range q.States {
				if !slices.Contains(recordingStates, state) {
					return q, wrong(name, "\"state\" must be one of "+strings.Join(recordingStates, ", "))
				}
			}
		case "limit":
			n, bad := strconv.Atoi(value)
			if q.Limit = n; bad != nil || n < 1 || n > maxLimit {
				return q, wrong(name, "\"limit\" must be a number from 1 to "+strconv.Itoa(maxLimit))
			}
		case "after":
			q.Before, q.BeforeID, err = afterOf(value)
		default:
			return q, wrong(short(name), "unknown parameter of the query (has: after, call, file, from, id, limit, state, to)")
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

// timeOf reads a time, or a day, of which to means the end.
func timeOf(name, text string, to bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return t, wrong(name, "\""+name+"\" must be a time such as 2026-07-01T08:30:00Z, or a day such as 2026-07-01")
	}
	if to {
		t = t.AddDate(0, 0, 1)
	}
	return t, nil
}

// recording is GET /v1/recordings/{id}: the sidecar.
func (s *Server) recording(w http.ResponseWriter, r *http.Request) error {
	_, rec, err := s.findRecording(r)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, rec)
}

// shelf returns the recordings of this server.
func (s *Server) shelf() (*shelf.Shelf, error) {
	if s.opts.Recordings == nil {
		return nil, fault("unavailable", "this server records nothing: set record.root")
	}
	return s.opts.Recordings, nil
}

// findRecording returns the recording of a path.
func (s *Server) findRecording(r *http.Request) (*shelf.Shelf, *ledger.Sidecar, error) {
	rs, err := s.shelf()
	if err != nil {
		return nil, nil, err
	}
	rec, err := rs.Find(r.Context(), r.PathValue("id"))
	return rs, rec, err
}

// byWhom says for the books who asks: the token, which is known by its hash, and where
// from. claimed is who the client says it is.
func (s *Server) byWhom(r *http.Request, claimed string) string {
	by := "socket"
	if c := connOf(r); c == nil || c.RemoteAddr().Network() != "unix" {
		by = "http"
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			by = "http " + host
		}
		if _, who := s.scopeOf(r); who > 0 {
			sum := s.tokens[who-1].sum
			const digits = "0123456789abcdef"
			by += " token "
			for _, b := range sum[:4] {
				by += string([]byte{digits[b>>4], digits[b&15]})
			}
		}
	}
	if claimed != "" {
		return short(claimed) + " (" + by + ")"
	}
	return by
}

// recordingProblem turns an error of the shelf into a problem; nil when it is another.
func recordingProblem(err error) *problem {
	for _, known := range []struct {
		err  error
		kind string
	}{
		{shelf.ErrNotFound, "no-such-recording"},
		{shelf.ErrNoTail, "no-tail"},
		{shelf.ErrGone, "gone"},
		{shelf.ErrRunning, "running"},
		{ledger.ErrHeld, "held"},
		{shelf.ErrEncrypted, "encrypted"},
		{shelf.ErrReadOnly, "unavailable"},
		{shelf.ErrNoDelivery, "unavailable"},
		{context.DeadlineExceeded, "busy"},
	} {
		if errors.Is(err, known.err) {
			return fault(known.kind, err.Error())
		}
	}
	return nil
}
