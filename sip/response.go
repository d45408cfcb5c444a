package sip

import (
	"net/netip"
	"strconv"

	msg "github.com/emiago/sipgo/sip"
)

// Response is an answer to a request of ours, or what stands for one that never
// came.
type Response struct {
	m     *message
	flow  flow
	local bool
}

func itoa(n int) string { return strconv.Itoa(n) }

// localResponse is the answer that we give ourselves: 408 for silence, 503 when
// nothing could be sent (RFC 3261 section 8.1.3.1).
func localResponse(code int, reason string) *Response {
	return &Response{m: &message{res: msg.NewResponse(code, reason)}, local: true}
}

// Code is the status code.
func (r *Response) Code() int { return r.m.res.StatusCode }

// Reason is the reason phrase.
func (r *Response) Reason() string { return r.m.res.Reason }

// Local tells that no message came: Code is 408 or 503 of our own making.
func (r *Response) Local() bool { return r.local }

// Header returns the values of all header fields of a name, long form, in order.
func (r *Response) Header(name string) []string { return r.m.all(longName(name)) }

// Headers returns all header fields in order, names in their long form.
func (r *Response) Headers() []Header { return r.m.headers() }

// Body is the whole body. It is not to be changed.
func (r *Response) Body() []byte { return r.m.body() }

// ContentType is the value of Content-Type.
func (r *Response) ContentType() string { return r.m.value("Content-Type") }

// SDP is the session description in the body, nil when there is none. It is not
// to be changed.
func (r *Response) SDP() []byte { return r.m.sdp() }

// Source is the address that the response came from.
func (r *Response) Source() netip.AddrPort { return r.flow.remote }

// Msg is the response with its header fields in the types of sipgo, read anew at
// each call. It is nil for a local one and when they cannot hold it; Header has
// the text that came.
func (r *Response) Msg() *msg.Response {
	if r.local {
		return nil
	}
	parsed, err := msg.ParseMessage(r.m.serialize())
	if err != nil {
		return nil
	}
	res, _ := parsed.(*msg.Response)
	return res
}
