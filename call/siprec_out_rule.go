package call

import (
	"net/netip"
	"sync"

	"rms/media/target"
)

// siprecRule says where a recording session may send: what stream.allow lets the door
// reach that asked for it, whoever named the address: the verb, a redirection, the
// recorder's Contact, its session description.
type siprecRule struct {
	dialer *target.Dialer
	host   string // as the URI names the recorder

	mu   sync.Mutex
	addr netip.Addr // that the host stands for: where the INVITE went
}

// to names the next recorder that is tried.
func (r *siprecRule) to(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.host, r.addr = host, netip.Addr{}
}

// check is asked with each address before anything is sent there. The first is that of
// the named host: an entry of stream.allow may be its name.
func (r *siprecRule) check(network string, at netip.AddrPort) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	ip := at.Addr().Unmap()
	if !r.addr.IsValid() {
		r.addr = ip
	}
	host := ip.String()
	if ip == r.addr {
		host = r.host
	}
	return r.dialer.Check(network, host, at)
}
