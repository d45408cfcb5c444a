package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rms/call"
)

// What a list of calls may hold.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// infoTimeout is how long a call may take to say how it is.
const infoTimeout = 5 * time.Second

// callList is the answer of GET /v1/calls.
type callList struct {
	Calls []call.CallInfo `json:"calls"` // the oldest first
	Total int             `json:"total"` // that match, also those not in the list
	Next  string          `json:"next,omitempty"`
}

// callFilters are the parameters of the query that pick calls, each by one member. A
// "*" at the end stands for the rest.
var callFilters = map[string]func(*call.CallInfo) string{
	"state":     func(i *call.CallInfo) string { return i.State },
	"kind":      func(i *call.CallInfo) string { return i.Kind },
	"from":      func(i *call.CallInfo) string { return i.From },
	"to":        func(i *call.CallInfo) string { return i.To },
	"source":    func(i *call.CallInfo) string { return i.Source },
	"codec":     func(i *call.CallInfo) string { return i.Codec },
	"transport": func(i *call.CallInfo) string { return i.Transport },
}

// calls is GET /v1/calls.
func (s *Server) calls(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	limit, err := limitOf(q)
	if err != nil {
		return err
	}
	from, after, err := afterOf(q.Get("after"))
	if err != nil {
		return err
	}
	answer := callList{Calls: []call.CallInfo{}}
	for _, i := range s.opts.Calls.List() {
		if !matches(&i, q) {
			continue
		}
		answer.Total++
		if n := i.Invited.Compare(from); n < 0 || n == 0 && i.ID <= after {
			continue
		}
		if len(answer.Calls) == limit {
			last := answer.Calls[limit-1]
			answer.Next = strconv.FormatInt(last.Invited.UnixNano(), 36) + "_" + last.ID
			break
		}
		answer.Calls = append(answer.Calls, i)
	}
	return writeJSON(w, http.StatusOK, answer)
}

// limitOf reads limit, and refuses parameters that there are not.
func limitOf(q url.Values) (int, error) {
	for name := range q {
		if name != "limit" && name != "after" && callFilters[name] == nil {
			return 0, wrong(short(name), "unknown parameter of the query (has: after, codec, from, kind, limit, source, state, to, transport)")
		}
	}
	if !q.Has("limit") {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(q.Get("limit"))
	if err != nil || n < 1 || n > maxLimit {
		return 0, wrong("limit", fmt.Sprintf("\"limit\" must be a number from 1 to %d", maxLimit))
	}
	return n, nil
}

// afterOf reads where a list goes on: behind a call that may be over by now.
func afterOf(text string) (time.Time, string, error) {
	if text == "" {
		return time.Time{}, "", nil
	}
	at, id, ok := strings.Cut(text, "_")
	n, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil {
		return time.Time{}, "", wrong("after", "\"after\" must be what \"next\" of the list before says")
	}
	return time.Unix(0, n), id, nil
}

func matches(i *call.CallInfo, q url.Values) bool {
	for name, values := range q {
		if get := callFilters[name]; get != nil && !slices.ContainsFunc(values, func(want string) bool { return like(get(i), want) }) {
			return false
		}
	}
	return true
}

func like(text, want string) bool {
	if begin, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(text, begin)
	}
	return text == want
}

// call is GET /v1/calls/{id}.
func (s *Server) call(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), infoTimeout)
	defer cancel()
	i, err := s.opts.Calls.Info(ctx, r.PathValue("id"), true)
	if err != nil {
		return err
	}
	i.Variables, _ = call.Finite(i.Variables).(map[string]any)
	return writeJSON(w, http.StatusOK, i)
}

// hangup is DELETE /v1/calls/{id}.
func (s *Server) hangup(w http.ResponseWriter, r *http.Request) error {
	v, _ := call.Lookup("hangup")
	named := map[string]any{}
	for name, values := range r.URL.Query() {
		named[name] = values[0]
	}
	a, err := v.Bind(nil, named)
	if err != nil {
		return err
	}
	x, err := s.opts.Calls.Door(r.PathValue("id"), call.FromAPI)
	if err != nil {
		return err
	}
	if _, err = x.Invoke(v, a); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"result": true})
}

// graph is GET /v1/calls/{id}/graph.
func (s *Server) graph(w http.ResponseWriter, r *http.Request) error {
	format := r.URL.Query().Get("format")
	if format == "" && strings.Contains(r.Header.Get("Accept"), "image/svg+xml") {
		format = "svg"
	}
	id := r.PathValue("id")
	var dot, picture bytes.Buffer
	switch format {
	case "", "dot":
	case "svg":
		if s.opts.Render == nil {
			return fault("unavailable", "this server draws no pictures: ask for format=dot")
		}
	default:
		return wrong("format", "\"format\" must be dot or svg")
	}
	if _, ok := s.opts.Calls.Find(id); !ok {
		return call.ErrNoSuchCall
	}
	if err := s.opts.Calls.Graph(id, &dot); err != nil {
		return err
	}
	if format != "svg" {
		w.Header().Set("Content-Type", "text/vnd.graphviz; charset=utf-8")
		_, err := w.Write(dot.Bytes())
		return ignore(err)
	}
	if err := s.opts.Render(&picture, dot.String(), "call "+id); err != nil {
		return fmt.Errorf("draw the graph: %w", err)
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, err := w.Write(picture.Bytes())
	return ignore(err)
}
