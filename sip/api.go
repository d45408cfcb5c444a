package sip

import (
	"context"
	"errors"
	"net/netip"

	msg "github.com/emiago/sipgo/sip"
)

var errTodo = errors.New("not built yet")

type Listener struct {
	Transport string // "udp" or "tcp"
	Addr      netip.AddrPort
}
type Stats struct {
	Calls, HalfOpen                                                    int
	Transactions, Conns                                                int
	Received, Sent, Refused, Dropped, Malformed, Retransmitted, Panics uint64
}
type UA struct{}

func Listen(o Options, h Handler) (*UA, error)           { return nil, errTodo }
func (u *UA) Listeners() []Listener                      { return nil }
func (u *UA) Drain()                                     {}
func (u *UA) Close(ctx context.Context) error            { return nil }
func (u *UA) Stats() Stats                               { return Stats{} }
func (u *UA) SetTrace(on bool)                           {}
func (u *UA) TraceOn(callID string)                      {}
func (u *UA) Trace(callID string) []TraceLine            { return nil }
func (u *UA) LocalFor(target string) (netip.Addr, error) { return netip.Addr{}, errTodo }

type CallOptions struct {
	To, From, Proxy string // URIs; To may be "sip:..." or a name-addr
	Headers         []Header
	SDP             []byte
	User, Password  string
	Transport       string
	CallID          string
}

func (u *UA) Call(o CallOptions, owner Owner) (*Dialog, error) { return nil, errTodo }

type Dialog struct{}

func (d *Dialog) Invite() *Request                                  { return nil }
func (d *Dialog) CallID() string                                    { return "" }
func (d *Dialog) LocalTag() string                                  { return "" }
func (d *Dialog) RemoteTag() string                                 { return "" }
func (d *Dialog) LocalAddr() netip.AddrPort                         { return netip.AddrPort{} }
func (d *Dialog) State() State                                      { return 0 }
func (d *Dialog) Ring(code int, reason string, sdp []byte) error    { return errTodo }
func (d *Dialog) Answer(sdp []byte, h ...Header) error              { return errTodo }
func (d *Dialog) Reject(code int, reason string, h ...Header) error { return errTodo }
func (d *Dialog) Redirect(code int, contacts ...string) error       { return errTodo }
func (d *Dialog) Bye(reason string) error                           { return errTodo }
func (d *Dialog) Cancel(reason string) error                        { return errTodo }
func (d *Dialog) Ack(sdp []byte) error                              { return errTodo }
func (d *Dialog) Reinvite(sdp []byte, done func(*Response)) error   { return errTodo }
func (d *Dialog) Send(method, contentType string, body []byte, done func(*Response)) error {
	return errTodo
}

type ReplyOptions struct {
	SDP         []byte
	ContentType string
	Body        []byte
	Headers     []Header
}
type Request struct{}

func (r *Request) Method() string                                      { return "" }
func (r *Request) URI() string                                         { return "" }
func (r *Request) From() Address                                       { return Address{} }
func (r *Request) To() Address                                         { return Address{} }
func (r *Request) CallID() string                                      { return "" }
func (r *Request) Msg() *msg.Request                                   { return nil }
func (r *Request) Header(name string) []string                         { return nil }
func (r *Request) Headers() []Header                                   { return nil }
func (r *Request) Body() []byte                                        { return nil }
func (r *Request) ContentType() string                                 { return "" }
func (r *Request) SDP() []byte                                         { return nil }
func (r *Request) Source() netip.AddrPort                              { return netip.AddrPort{} }
func (r *Request) Local() netip.AddrPort                               { return netip.AddrPort{} }
func (r *Request) Transport() string                                   { return "" }
func (r *Request) Dialog() *Dialog                                     { return nil }
func (r *Request) Reply(code int, reason string, o ReplyOptions) error { return errTodo }
func (r *Request) Answered() bool                                      { return false }
func (r *Request) Hold()                                               {}
func (r *Request) Default()                                            {}

type Response struct{}

func (r *Response) Code() int                   { return 0 }
func (r *Response) Reason() string              { return "" }
func (r *Response) Local() bool                 { return false }
func (r *Response) Msg() *msg.Response          { return nil }
func (r *Response) Header(name string) []string { return nil }
func (r *Response) Headers() []Header           { return nil }
func (r *Response) Body() []byte                { return nil }
func (r *Response) ContentType() string         { return "" }
func (r *Response) SDP() []byte                 { return nil }
func (r *Response) Source() netip.AddrPort      { return netip.AddrPort{} }

type Address struct {
	Display string // unquoted
	URI     string // verbatim
	Tag     string
}

func ParseAddress(s string) (Address, error) { return Address{}, errTodo }
func (a Address) User() string               { return "" }
func (a Address) Host() string               { return "" }
