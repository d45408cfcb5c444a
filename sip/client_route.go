package sip

import (
	"errors"
	"net/netip"
	"strings"
)

// errTransport is for sips: URIs and transports that we do not have.
var errTransport = errors.New("transport not supported: want udp or tcp")

// route finds the address of the first hop.
func (t *clientTx) route() {
	u, hop := t.w.u, &t.out.hop
	if t.out.hopErr != nil {
		t.failSoon(503, "No way to send: "+t.out.hopErr.Error())
		return
	}
	transport := uriTransport(hop)
	if transport != "" && transport != "udp" && transport != "tcp" || hop.IsEncrypted() {
		t.failSoon(503, errTransport.Error())
		return
	}
	host, port := uriHost(hop), hop.Port
	if maddr, ok := uriParam(hop, "maddr"); ok {
		host = strings.Trim(maddr, "[]")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if port == 0 {
			port = 5060
		}
		t.connect(netip.AddrPortFrom(ip.Unmap(), uint16(port)), transport)
		return
	}
	u.resolve(host, port, transport, func(to netip.AddrPort, err error) {
		t.w.guard(func() {
			switch {
			case t.state == txTerminated:
			case err != nil:
				t.fail(503, "Name not found")
			default:
				t.connect(to, transport)
			}
		})
	})
}

// connect chooses the socket or connection. A request over 1300 bytes leaves by
// TCP when nobody asked for UDP and a connection can be made, RFC 3261 18.1.1.
func (t *clientTx) connect(to netip.AddrPort, transport string) {
	u := t.w.u
	t.to = to
	direct := len(t.out.routes) == 0
	if c := t.prefer.conn; c != nil && !direct && c.remote.Addr() != to.Addr() {
		t.prefer.conn = nil // the peer of that connection is not on the way
	}
	if transport == "tcp" || transport == "" && direct && t.prefer.conn != nil && !t.prefer.conn.isClosed() {
		t.over("tcp")
		return
	}
	t.over("udp")
	if transport == "" && len(t.b) > 1300 && t.state == txProceeding && u.mayTCP(to) {
		t.fallback = true
		t.over("tcp")
	}
}

// largest is the size of a request that goes by UDP without a question, in bytes.
const largest = 1300

// over renders the request for a transport and sends it, unless it is UDP and too
// large for it at first.
func (t *clientTx) over(transport string) {
	u := t.w.u
	if err := t.dialog.mayReach(transport, t.to); err != nil {
		t.failSoon(503, err.Error())
		return
	}
	f, err := u.flowTo(t.to, transport, t.prefer)
	if err != nil {
		t.failSoon(503, err.Error())
		return
	}
	t.flow = f
	t.m = t.out.build(u, f, t.branch)
	t.b = t.m.serialize()
	if transport == "udp" && len(t.b) > largest && uriTransport(&t.out.hop) == "" && u.mayTCP(t.to) && !t.fallback {
		return
	}
	if t.sent != nil {
		t.sent()
	}
	t.transmit()
	if t.method == "ACK" {
		return
	}
	t.w.stop(t.end)
	t.end = t.w.in(64*u.o.T1, func() { t.fail(408, "No answer") })
	if !f.reliable() {
		t.interval = u.o.T1
		t.again = t.w.in(t.interval, t.repeat)
	}
}

// mayReach asks the rule of a call that we placed.
func (d *Dialog) mayReach(network string, to netip.AddrPort) error {
	if d == nil || d.check == nil {
		return nil
	}
	return d.check(network, to)
}
