package sip

import (
	"errors"
	"fmt"
)

var errNoSDP = errors.New("answer the INVITE: a 2xx must carry SDP")

// ErrAnswered is returned for a second final answer.
var ErrAnswered = errors.New("request has its final answer")

// ReplyOptions is what a response carries besides its code.
type ReplyOptions struct {
	SDP         []byte // sets Body and ContentType
	ContentType string
	Body        []byte
	Headers     []Header
}

// Reply answers the request. An empty reason becomes the usual one of the code.
// For the INVITE of a Dialog it is Dialog.Ring, Answer or Reject.
func (r *Request) Reply(code int, reason string, o ReplyOptions) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return r.reply(code, reason, o)
}

func (r *Request) reply(code int, reason string, o ReplyOptions) error {
	if code < 100 || code > 699 {
		return fmt.Errorf("reply with %d: a status code is 100 to 699", code)
	}
	if r.answered || r.tx == nil {
		return fmt.Errorf("reply with %d: %w", code, ErrAnswered)
	}
	if o.SDP != nil {
		o.Body, o.ContentType = o.SDP, typeSDP
	}
	if r.d != nil && r.d.invite == r {
		return r.d.replyInvite(code, reason, o)
	}
	if code >= 200 && code < 300 && r.m.is("INVITE") && len(o.Body) == 0 {
		return errNoSDP
	}
	a := answer{
		code: code, reason: reason, headers: o.Headers,
		contentType: o.ContentType, body: o.Body, toTag: r.w.u.tagFor(r.m),
	}
	r.dress(&a)
	if r.d != nil {
		r.d.dress(&a, r)
	}
	b := r.u.render(r.m, r.flow, a)
	r.finish(code, b)
	if code >= 200 && r.d != nil {
		r.d.replied(r, code, b, o)
	}
	return nil
}

// finish sends the response and, when it is final, lets go of the transaction.
func (r *Request) finish(code int, b []byte) {
	tx := r.tx
	if code >= 200 {
		r.answered = true
		r.w.stop(r.timer)
		r.tx = nil
	}
	tx.reply(code, b)
}

// dress adds the header fields that go with a code or a method.
func (r *Request) dress(a *answer) {
	switch {
	case a.code == 405 || a.code == 501:
		a.headers = append(a.headers, Header{"Allow", allow})
	case a.code >= 200 && a.code < 300 && r.m.is("OPTIONS"):
		a.headers = append(a.headers, Header{"Allow", allow}, Header{"Accept", acceptable},
			Header{"Accept-Encoding", "identity"}, Header{"Supported", supported})
	}
}

// Default gives the built-in answer, unless there is a final one already.
func (r *Request) Default() {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.defaultLocked()
}

func (r *Request) defaultLocked() {
	if r.answered {
		return
	}
	no, o := r.builtin()
	_ = r.reply(no.Code, no.Reason, o) // it is not answered yet
}

// known are the methods that exist; those that are not in allow get 405, all
// others 501.
var known = map[string]bool{
	"REGISTER": true, "SUBSCRIBE": true, "NOTIFY": true, "PUBLISH": true, "MESSAGE": true,
	"REFER": true, "PRACK": true,
}

// builtin is the answer of a server that does nothing but take calls.
func (r *Request) builtin() (Refusal, ReplyOptions) {
	inside := r.d != nil
	switch method := r.m.method(); {
	case known[method]:
		return Refusal{Code: 405}, ReplyOptions{}
	case method == "OPTIONS" && (inside || r.m.toTag() == ""):
		if key := r.u.full(0); !inside && key != "" {
			return Refusal{Code: 503}, ReplyOptions{Headers: []Header{{"Retry-After", retryAfter(key)}}}
		}
		return Refusal{Code: 200}, ReplyOptions{}
	case method == "OPTIONS", method == "INVITE" && !inside, method == "BYE" && !inside,
		method == "INFO" && !inside, method == "UPDATE" && !inside:
		return Refusal{Code: 481}, ReplyOptions{}
	case method == "INVITE" || method == "UPDATE":
		return r.d.unchanged(r.m)
	case method == "BYE" || method == "INFO":
		return Refusal{Code: 200}, ReplyOptions{}
	}
	return Refusal{Code: 501}, ReplyOptions{}
}

// cancelled ends an INVITE that has no final answer with 487.
func (r *Request) cancelled(m *message, f flow) {
	c := &Request{u: r.u, w: r.w, m: m, flow: f, d: r.d, answered: true}
	d := r.d
	if d == nil {
		_ = r.reply(487, "", ReplyOptions{})
		return
	}
	if owner := d.owner; owner != nil {
		r.w.later(func() { owner.Request(c) }, d.abort)
	}
	if d.invite == r {
		d.refuseInvite(answer{code: 487}, Cause{By: ByCaller, Code: 487, Text: "cancelled", Reason: m.reason()})
		return
	}
	_ = r.reply(487, "", ReplyOptions{})
}

// fail is for a panic of whoever had to answer.
func (r *Request) fail() {
	r.w.mu.Lock()
	_ = r.reply(500, "", ReplyOptions{}) // refused when it is answered already
	r.w.mu.Unlock()
	if r.d != nil {
		r.d.abort()
	}
}
