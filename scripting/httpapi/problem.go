package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"rms/call"
)

// problem is an error as RFC 9457 writes it. Detail is the text that every door gives.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	Parameter string `json:"parameter,omitempty"`
}

func (p *problem) Error() string { return p.Detail }

// kinds are all that can go wrong: the end of a problem's type, and what it means.
var kinds = map[string]struct {
	status int
	title  string
}{
	"argument":          {http.StatusBadRequest, "An argument is wrong, missing or unknown"},
	"unauthorized":      {http.StatusUnauthorized, "A token is missing or wrong"},
	"forbidden":         {http.StatusForbidden, "The token may only read"},
	"origin":            {http.StatusForbidden, "The request comes from a page of another site"},
	"no-such-recording": {http.StatusNotFound, "There is no such recording"},
	"no-tail":           {http.StatusNotFound, "The recording has no tail"},
	"gone":              {http.StatusGone, "The audio is not here any more"},
	"running":           {http.StatusConflict, "The recording is still being made, or is not any more"},
	"held":              {http.StatusConflict, "The recording is on legal hold"},
	"encrypted":         {http.StatusConflict, "The recording is encrypted"},
	"precondition":      {http.StatusPreconditionFailed, "The recording is another one"},
	"range":             {http.StatusRequestedRangeNotSatisfiable, "There is nothing in this range"},
	"no-such-call":      {http.StatusNotFound, "There is no such call"},
	"not-found":         {http.StatusNotFound, "There is nothing at this path"},
	"method":            {http.StatusMethodNotAllowed, "The path has no such method"},
	"timeout":           {http.StatusRequestTimeout, "The request did not come in time"},
	"state":             {http.StatusConflict, "The call is not in the state that this needs"},
	"ended":             {http.StatusGone, "The call has ended"},
	"too-large":         {http.StatusRequestEntityTooLarge, "The body is too large"},
	"content-type":      {http.StatusUnsupportedMediaType, "The body is not JSON"},
	"host":              {http.StatusMisdirectedRequest, "The name in the Host header field is not this server's"},
	"failed":            {http.StatusUnprocessableEntity, "It cannot be done"},
	"idempotency":       {http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request"},
	"upgrade":           {http.StatusUpgradeRequired, "The path is that of a websocket"},
	"internal":          {http.StatusInternalServerError, "A mistake in this program"},
	"unavailable":       {http.StatusNotImplemented, "This server cannot do that"},
	"busy":              {http.StatusServiceUnavailable, "Too much is waiting"},
	"not-ready":         {http.StatusServiceUnavailable, "The server is not ready for calls"},
}

// typePrefix begins the type of each problem.
const typePrefix = "urn:rms:problem:"

func fault(kind, detail string) *problem {
	k := kinds[kind]
	return &problem{Type: typePrefix + kind, Title: k.title, Status: k.status, Detail: detail}
}

// wrong says that a parameter of a request is not as it should be.
func wrong(parameter, detail string) *problem {
	p := fault("argument", detail)
	p.Parameter = parameter
	return p
}

// classes are the kinds of a door's errors.
var classes = map[call.Class]string{
	call.ClassArgument: "argument", call.ClassGone: "ended", call.ClassState: "state", call.ClassBusy: "busy", call.ClassFailed: "failed",
}

// problemOf turns any error into one for the client.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	if p = recordingProblem(err); p != nil {
		return p
	}
	kind := classes[call.ClassOf(err)]
	if errors.Is(err, call.ErrNoSuchCall) {
		kind = "no-such-call"
	}
	p = fault(kind, err.Error())
	if kind == "argument" {
		p.Parameter = parameterOf(err)
	}
	return p
}

// named finds the parameter that the text of an ArgError is about.
var named = regexp.MustCompile(`^(?:unknown )?(?:parameter|missing argument) "([^"]{1,100})"`)

func parameterOf(err error) string {
	var arg *call.ArgError
	if errors.As(err, &arg) {
		if m := named.FindStringSubmatch(arg.Text); m != nil {
			return m[1]
		}
	}
	return ""
}

// writeProblem answers with an error.
func writeProblem(w http.ResponseWriter, p *problem) {
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, p.Detail, p.Status)
		return
	}
	h := w.Header()
	h.Del("Content-Length")
	h.Set("Content-Type", "application/problem+json")
	if strings.HasSuffix(p.Type, ":busy") {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n'))
}

// writeJSON answers with a value.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fault("internal", "write the answer: "+err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(body, '\n'))
	return ignore(err)
}

// ignore is for a client that went away while it was answered: nobody is left to tell.
func ignore(error) error { return nil }
