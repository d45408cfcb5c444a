package target_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/media/target"
)

// ear listens on an address of this machine and counts who connects.
func ear(t *testing.T, address string) (netip.AddrPort, *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var heard atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			heard.Add(1)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return netip.MustParseAddrPort(l.Addr().String()), &heard
}

// answers is a resolver with one answer after the other, of which the last stays.
func answers(lookups *atomic.Int32, all ...[]netip.Addr) func(context.Context, string, string) ([]netip.Addr, error) {
	return func(context.Context, string, string) ([]netip.Addr, error) {
		n := int(lookups.Add(1))
		return all[min(n, len(all))-1], nil
	}
}

func dialer(t *testing.T, o target.DialOptions) *target.Dialer {
	t.Helper()
	d, err := target.NewDialer(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDialWithoutRulesConnects(t *testing.T) {
	t.Parallel()
	at, _ := ear(t, "127.0.0.1:0")
	for _, d := range []*target.Dialer{nil, {}} {
		c, err := d.DialContext(t.Context(), "tcp", at.String())
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if a, err := d.Resolve(t.Context(), "udp", "127.0.0.1:9"); err != nil || a.String() != "127.0.0.1:9" {
			t.Errorf("%v %v", a, err)
		}
		if err := d.Check("udp", "x", at); err != nil {
			t.Error(err)
		}
	}
}

func TestDialNeverConnectsToWhatIsRefused(t *testing.T) {
	t.Parallel()
	at, heard := ear(t, "127.0.0.1:0")
	ours := target.OwnSockets{TCP: []netip.AddrPort{at}}
	d := dialer(t, target.DialOptions{Scripts: true, Own: ours.Has})
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1"} {
		_, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(host, at.String()[len("127.0.0.1:"):]))
		var refused *target.RefusedError
		if !errors.As(err, &refused) || err.Error() != at.String()+" is a socket of this server: refused by stream.allow" {
			t.Errorf("%s: %v", host, err)
		}
	}
	c, err := dialer(t, target.DialOptions{Scripts: true}).DialContext(t.Context(), "tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := await(func() bool { return heard.Load() > 0 }); err != nil || heard.Load() != 1 {
		t.Errorf("heard %d connections, want the last alone", heard.Load())
	}
}

// await polls until what must come has come.
func await(done func() bool) error {
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return errors.New("did not come")
		}
	}
	return nil
}

// A name server that answers well when it is asked first and badly afterwards gains
// nothing: the check looks at the address that is connected to.
func TestDialIsNotFooledByRebinding(t *testing.T) {
	t.Parallel()
	at, heard := ear(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(at.String())
	good, bad := []netip.Addr{netip.MustParseAddr("127.0.0.1")}, []netip.Addr{netip.MustParseAddr("169.254.169.254")}
	var lookups atomic.Int32
	d := dialer(t, target.DialOptions{Allow: []string{"bot.example"}, Lookup: answers(&lookups, good, bad)})
	c, err := d.DialContext(t.Context(), "tcp", "bot.example:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if lookups.Load() != 1 || c.RemoteAddr().String() != at.String() {
		t.Errorf("%d lookups, connected to %s", lookups.Load(), c.RemoteAddr())
	}
	_, err = d.DialContext(t.Context(), "tcp", "bot.example:"+port)
	if err == nil || err.Error() != "bot.example (169.254.169.254:"+port+") is link-local: refused by stream.allow" {
		t.Errorf("%v", err)
	}
	if err := await(func() bool { return heard.Load() == 1 }); err != nil {
		t.Errorf("heard %d", heard.Load())
	}
}

func TestDialTriesEachAddressOfAName(t *testing.T) {
	t.Parallel()
	at, _ := ear(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(at.String())
	var lookups atomic.Int32
	all := []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("127.0.0.77"), netip.MustParseAddr("127.0.0.1")}
	d := dialer(t, target.DialOptions{Scripts: true, Lookup: answers(&lookups, all, all[:2], all[:1])})
	c, err := d.DialContext(t.Context(), "tcp", "bot.example:"+port)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	var refused *target.RefusedError
	if _, err = d.DialContext(t.Context(), "tcp", "bot.example:"+port); err == nil || errors.As(err, &refused) || !strings.Contains(err.Error(), "127.0.0.77:"+port) {
		t.Errorf("of a refused and a dead address the dead one is reported, not %v", err)
	}
	if _, err = d.DialContext(t.Context(), "tcp", "bot.example:"+port); !errors.As(err, &refused) {
		t.Errorf("%v", err)
	}
}

func TestDialRefusesOddAddresses(t *testing.T) {
	t.Parallel()
	d := dialer(t, target.DialOptions{Scripts: true})
	for _, address := range []string{"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "a:b:80", "[::1", "[]:80"} {
		if c, err := d.DialContext(t.Context(), "tcp", address); err == nil {
			c.Close()
			t.Errorf("%q is dialled", address)
		}
	}
	for _, network := range []string{"unix", "ip", "ip4:icmp", "", "TCP"} {
		if c, err := d.DialContext(t.Context(), network, "127.0.0.1:80"); err == nil {
			c.Close()
			t.Errorf("%q is dialled", network)
		}
	}
	empty := dialer(t, target.DialOptions{Scripts: true, Lookup: answers(new(atomic.Int32), nil)})
	if _, err := empty.Resolve(t.Context(), "udp", "bot.example:9"); err == nil || err.Error() != "find bot.example: no address" {
		t.Errorf("%v", err)
	}
}

func TestResolveTakesTheFirstAllowedAddress(t *testing.T) {
	t.Parallel()
	all := []netip.Addr{netip.MustParseAddr("224.0.0.1"), netip.MustParseAddr("::ffff:127.0.0.9"), netip.MustParseAddr("127.0.0.1")}
	d := dialer(t, target.DialOptions{Scripts: true, Lookup: answers(new(atomic.Int32), all)})
	if a, err := d.Resolve(t.Context(), "udp", "rst.example:9527"); err != nil || a.String() != "127.0.0.9:9527" {
		t.Errorf("%v %v", a, err)
	}
}

func TestRefusalsNameAddressRuleAndKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o             target.DialOptions
		address, want string
	}{
		{target.DialOptions{Scripts: true}, "169.254.169.254:80", "169.254.169.254:80 is link-local: refused by stream.allow"},
		{target.DialOptions{Scripts: true}, "[::ffff:169.254.169.254]:80", "169.254.169.254:80 is link-local: refused by stream.allow"},
		{target.DialOptions{Scripts: true}, "metadata.google.internal:80", "metadata.google.internal (169.254.169.254:80) is link-local: refused by stream.allow"},
		{target.DialOptions{Scripts: true}, "[64:ff9b::a9fe:a9fe]:80", "[64:ff9b::a9fe:a9fe]:80 holds 169.254.169.254, which is link-local: refused by stream.allow"},
		{target.DialOptions{Scripts: true}, "100.100.100.200:80", "100.100.100.200:80 is a metadata service: refused by stream.allow"},
		{target.DialOptions{Scripts: true}, "0.0.0.0:80", "0.0.0.0:80 is unspecified: refused by stream.allow"},
		{target.DialOptions{}, "10.0.0.9:9000", "10.0.0.9:9000 is not listed: refused by stream.allow"},
		{target.DialOptions{Allow: []string{"good.example"}}, "private.example:1", "private.example (10.0.0.5:1) is not listed: refused by stream.allow"},
		{target.DialOptions{Scripts: true}, "[fe80::1%\r\nx]:80", `"fe80::1%\r\nx" ([fe80::1]:80) is link-local: refused by stream.allow`},
	} {
		c.o.Lookup = generous
		if _, err := dialer(t, c.o).DialContext(t.Context(), "tcp", c.address); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestDialerNamesTheBadEntry(t *testing.T) {
	t.Parallel()
	_, err := target.NewDialer(target.DialOptions{Allow: []string{"good.example", "ws://x"}})
	if err == nil || err.Error() != `stream.allow: "ws://x" is a URL; write its host, or host:port` {
		t.Errorf("%v", err)
	}
}

func TestOwnSockets(t *testing.T) {
	t.Parallel()
	o := target.OwnSockets{
		TCP:    []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:5060"), netip.MustParseAddrPort("127.0.0.1:9092")},
		UDP:    []netip.AddrPort{netip.MustParseAddrPort("[::]:5060")},
		Ranges: [][2]int{{10000, 10009}},
		Addrs:  []netip.Addr{netip.MustParseAddr("203.0.113.1")},
		Uses:   func(a netip.AddrPort) bool { return a.String() == "127.0.0.1:12000" },
	}
	for text, want := range map[string]bool{
		"tcp 127.0.0.1:5060": true, "tcp [::1]:5060": true, "tcp 203.0.113.1:5060": true, "tcp 203.0.113.2:5060": false, "tcp [::ffff:127.0.0.1]:5060": true,
		"tcp 127.0.0.1:9092": true, "tcp 127.0.0.2:9092": false, "tcp 203.0.113.1:9092": true, "tcp 127.0.0.1:10000": false, "tcp4 127.0.0.1:5060": true,
		"udp 127.0.0.1:5060": true, "udp 127.0.0.1:9092": false, "udp 127.0.0.1:10000": true, "udp4 127.9.9.9:10009": true, "udp 127.0.0.1:10010": false,
		"udp 127.0.0.1:12000": true, "udp [::ffff:127.0.0.1]:12000": true, "udp 127.0.0.1:12001": false, "tcp 127.0.0.1:12000": false,
		"udp 203.0.113.1:10005": true, "udp 203.0.113.2:10005": false,
	} {
		network, address, _ := strings.Cut(text, " ")
		if got := o.Has(network, netip.MustParseAddrPort(address)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// The standard library lets datagrams to the broadcast address of a network pass.
func TestDatagramsNeverGoToABroadcastAddress(t *testing.T) {
	t.Parallel()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, a := range all {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || !p.Addr().Is4() || p.Bits() > 30 || p.Addr().IsLoopback() {
			continue
		}
		b := p.Masked().Addr().As4()
		for i := p.Bits(); i < 32; i++ {
			b[i/8] |= 0x80 >> (i % 8)
		}
		last := netip.AddrPortFrom(netip.AddrFrom4(b), 9)
		if err := dialer(t, target.DialOptions{Scripts: true}).Check("udp", "x", last); err == nil || !strings.Contains(err.Error(), "is broadcast") {
			t.Errorf("%s: %v", last, err)
		}
		tested++
	}
	if tested == 0 {
		t.Skip("this machine has no network with a broadcast address")
	}
}
