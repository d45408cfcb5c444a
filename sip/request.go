package sip

import (
	"net/netip"

	msg "github.com/emiago/sipgo/sip"
)

// Request is a request of the far end. Its reading methods are safe anywhere; it
// is answered once, from any goroutine.
type Request struct {
	u    *UA
	w    *worker
	m    *message
	flow flow
	d    *Dialog

	// guarded by w.mu
	tx       *serverTx
	answered bool
	held     bool
	timer    *timer
}

// Method is the method as it was written; methods are case-sensitive.
func (r *Request) Method() string { return r.m.method() }

// URI is the Request-URI as it was written.
func (r *Request) URI() string { return r.m.uri }

// CallID is the Call-ID.
func (r *Request) CallID() string { return r.m.callID() }

// From is the From header field.
func (r *Request) From() Address { return r.m.address("From") }

// To is the To header field.
func (r *Request) To() Address { return r.m.address("To") }

// CSeq is the number in the CSeq header field.
func (r *Request) CSeq() uint32 { return r.m.cseq() }

// Header returns the values of all header fields of a name, long form, in order.
func (r *Request) Header(name string) []string { return r.m.all(longName(name)) }

// Headers returns all header fields in order, names in their long form.
func (r *Request) Headers() []Header { return r.m.headers() }

// Body is the whole body. It is not to be changed.
func (r *Request) Body() []byte { return r.m.body() }

// ContentType is the value of Content-Type.
func (r *Request) ContentType() string { return r.m.value("Content-Type") }

// SDP is the session description in the body, also out of a multipart body; nil
// when there is none. It is not to be changed.
func (r *Request) SDP() []byte { return r.m.sdp() }

// Source is the address that the request came from.
func (r *Request) Source() netip.AddrPort { return r.flow.remote }

// Local is the address of ours that the request came to.
func (r *Request) Local() netip.AddrPort { return r.flow.local }

// Transport is "udp" or "tcp".
func (r *Request) Transport() string { return r.flow.transport() }

// Dialog is the dialog that the request belongs to, or nil.
func (r *Request) Dialog() *Dialog { return r.d }

// Msg is the request with its header fields in the types of sipgo, read anew at
// each call. It is nil when they cannot hold it; Header has the text that came.
func (r *Request) Msg() *msg.Request {
	parsed, err := msg.ParseMessage(r.m.serialize())
	if err != nil {
		return nil
	}
	req, _ := parsed.(*msg.Request)
	return req
}

// Answered tells whether the request has its final answer.
func (r *Request) Answered() bool {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return r.answered
}

// Hold keeps a request outside a dialog open when Handler.Request returns. It is
// answered later, or by Default after 64*T1.
func (r *Request) Hold() {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.held = true
}

func (r *Request) isHeld() bool {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	return r.held
}
