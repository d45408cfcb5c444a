package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"rms/call"
)

// useVerb is POST /v1/calls/{id}/{verb}, and POST /v1/verbs/{verb} without a call.
func (s *Server) useVerb(w http.ResponseWriter, r *http.Request) error {
	v, ok := call.Lookup(r.PathValue("verb"))
	if !ok {
		return call.Unknown(short(r.PathValue("verb")))
	}
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	wait, err := s.waitOf(r, v)
	if err != nil {
		return err
	}
	positional, named, err := decodeArguments(body, v)
	if err != nil {
		return err
	}
	a, err := v.Bind(positional, named)
	if err != nil {
		return err
	}
	x, err := s.opts.Calls.Door(r.PathValue("id"), call.FromAPI)
	if err != nil {
		return err
	}
	if wait > 0 {
		return s.useAndWait(w, r, x, v, a, wait)
	}
	result, err := x.Invoke(v, a)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"result": orTrue(result)})
}

func orTrue(result any) any {
	if result == nil {
		return true
	}
	return plain(result)
}

// waitOf reads ?wait=30s: the answer comes with the event of the verb. 0: at once.
func (s *Server) waitOf(r *http.Request, v *call.Verb) (time.Duration, error) {
	q := r.URL.Query()
	for name := range q {
		if name != "wait" {
			return 0, wrong(short(name), "unknown parameter of the query (has: wait)")
		}
	}
	text := q.Get("wait")
	if text == "" {
		return 0, nil
	}
	if v.Waits == "" {
		return 0, wrong("wait", "rms_"+v.Name+" has no event to wait for")
	}
	d, err := duration(text)
	if err != nil || d <= 0 || d > s.opts.Times.Wait {
		return 0, wrong("wait", "\"wait\" must be a duration such as 30s, at most "+s.opts.Times.Wait.String())
	}
	return d, nil
}

// duration reads "1.5s", or "1.5" for seconds.
func duration(text string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		if f != f || f < 0 || f > 1e9 {
			return 0, strconv.ErrRange
		}
		return time.Duration(f * float64(time.Second)), nil
	}
	return time.ParseDuration(text)
}

// useAndWait answers when the event of the verb came or the time is up.
func (s *Server) useAndWait(w http.ResponseWriter, r *http.Request, x *call.Exec, v *call.Verb, a call.Args, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	lasts(w)
	came := make(chan *call.Event, 1)
	result, err := x.InvokeThen(v, a, func(ev *call.Event) { came <- ev })
	if err != nil {
		return err
	}
	answer := struct {
		Result any   `json:"result"`
		Event  *told `json:"event"` // null: it did not come in time
	}{Result: orTrue(result)}
	select {
	case ev := <-came:
		answer.Event = &told{Event: ev}
	case <-ctx.Done():
	case <-s.quit:
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.opts.Times.Write))
	return writeJSON(w, http.StatusOK, answer)
}

// api is POST /v1/api: a command of FreeSWITCH, and its reply word for word.
func (s *Server) api(w http.ResponseWriter, r *http.Request) error {
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	v, _ := call.Lookup("api")
	positional, named, err := decodeArguments(body, v)
	if err != nil {
		return err
	}
	a, err := v.Bind(positional, named)
	if err != nil {
		return err
	}
	x, err := s.opts.Calls.Door("", call.FromAPI)
	if err != nil {
		return err
	}
	result, err := x.Invoke(v, a)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"result": orTrue(result)})
}

// verbInfo is a verb of the table as JSON.
type verbInfo struct {
	Name    string      `json:"name"`
	Aliases []string    `json:"aliases"`
	Doc     string      `json:"doc"`
	Result  string      `json:"result"`
	NoCall  bool        `json:"no_call"`         // works without a call
	Waits   string      `json:"waits,omitempty"` // parameter of the route whose event ?wait waits for
	Params  []paramInfo `json:"params"`
}

type paramInfo struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"` // string, integer, number, boolean, duration, route name, value
	Required bool     `json:"required"`
	Default  any      `json:"default,omitempty"` // a duration in seconds
	Unit     string   `json:"unit,omitempty"`
	Enum     []string `json:"enum,omitempty"`
	Min      *float64 `json:"min,omitempty"`
	Max      *float64 `json:"max,omitempty"`
	Doc      string   `json:"doc"`
}

// verbs is GET /v1/verbs.
func (s *Server) verbs(w http.ResponseWriter, _ *http.Request) error {
	list := []verbInfo{}
	for _, v := range call.Verbs() {
		i := verbInfo{Name: v.Name, Aliases: append([]string{}, v.Aliases...), Doc: v.Doc, Result: v.Result, NoCall: v.NoCall, Waits: v.Waits, Params: []paramInfo{}}
		for _, p := range v.Params {
			i.Params = append(i.Params, infoOf(p))
		}
		list = append(list, i)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"verbs": list})
}

func infoOf(p call.Param) paramInfo {
	i := paramInfo{Name: p.Name, Kind: p.Kind.String(), Required: p.Required, Default: plain(p.Default), Unit: p.Unit, Enum: slices.Clone(p.Enum), Doc: p.Doc}
	if p.Max > p.Min {
		i.Min, i.Max = &p.Min, &p.Max
	}
	return i
}

// plain makes a value one that JSON has: durations become seconds.
func plain(v any) any {
	if d, ok := v.(time.Duration); ok {
		return d.Seconds()
	}
	return call.Finite(v)
}
