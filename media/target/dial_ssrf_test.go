package target_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"rms/media/target"
)

// inetAton is how the C library reads an address: one to four numbers in decimal, octal
// or hexadecimal, of which the last fills what is left.
func inetAton(host string) (netip.Addr, bool) {
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var v uint64
	for i, p := range parts {
		room := 8
		if i == len(parts)-1 {
			room = 8 * (5 - len(parts))
		}
		n, err := strconv.ParseUint(p, 0, 64)
		if err != nil || n >= 1<<room {
			return netip.Addr{}, false
		}
		v = v<<room | n
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
}

// generous is a resolver that understands more than any real one: all spellings of
// addresses, digits and dots of other scripts, and names that point where they should not.
func generous(_ context.Context, network, host string) ([]netip.Addr, error) {
	named := map[string][]string{
		"good.example": {"203.0.113.7"}, "metadata.google.internal": {"169.254.169.254"}, "localhost": {"127.0.0.1", "::1"},
		"instance-data": {"169.254.169.254"}, "169.254.169.254.nip.example": {"169.254.169.254"}, "spoofed.example": {"127.0.0.1"},
		"mixed.example": {"169.254.169.254", "fe80::1", "::ffff:169.254.169.254"}, "any.example": {"0.0.0.0", "::"}, "v6.example": {"fd00:ec2::254"},
		"mapped.example": {"::ffff:127.0.0.1"}, "group.example": {"224.0.0.251", "ff02::fb"}, "private.example": {"10.0.0.5"},
	}
	plain := strings.NewReplacer("１", "1", "６", "6", "９", "9", "２", "2", "５", "5", "４", "4", "。", ".", "①", "1").Replace(strings.TrimSuffix(host, "."))
	if a, ok := inetAton(plain); ok {
		return []netip.Addr{a}, nil
	}
	var out []netip.Addr
	for _, text := range named[strings.ToLower(plain)] {
		if a := netip.MustParseAddr(text); network != "ip4" || a.Is4() {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return out, nil
}

// forbiddenHosts are spellings of addresses that nobody reaches unless they are listed
// one by one.
var forbiddenHosts = []string{
	// Metadata services.
	"169.254.169.254", "169.254.169.254.", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "169.16689662", "169.254.43518",
	"0xa9fe.43518", "0000000000000000000251.0376.0251.0376", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "[::169.254.169.254]",
	"[64:ff9b::a9fe:a9fe]", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[2001::5601:5601]", "[::ffff:0:a9fe:a9fe]",
	"metadata.google.internal", "METADATA.Google.Internal.", "instance-data", "169.254.169.254.nip.example", "mixed.example", "v6.example",
	"１６９.２５４.１６９.２５４", "169。254。169。254", "100.100.100.200", "0x646464c8", "1684301000", "168.63.129.16", "192.0.0.192", "[fd00:ec2::254]", "[fd00:0ec2:0:0:0:0:0:254]",
	"[fd00:ec2::23]", "[fd20:ce::254]", "169.254.170.2",
	// Link-local.
	"169.254.0.1", "169.254.255.255", "[fe80::1]", "[fe80::1%25lo]", "[fe80::a9fe:a9fe%25eth0]", "[febf::1]", "[fe80::1%2525x]",
	// Unspecified.
	"0.0.0.0", "0", "0x0", "00", "0.0", "0.1.2.3", "[::]", "[::0]", "[0:0:0:0:0:0:0:0]", "[::ffff:0.0.0.0]", "[::%25lo]", "any.example",
	// Multicast, broadcast, reserved.
	"224.0.0.1", "239.255.255.250", "0xe0000001", "[ff02::1]", "[ff02::1%25eth0]", "[ff0e::1]", "[::ffff:224.0.0.1]", "group.example",
	"255.255.255.255", "4294967295", "0xffffffff", "[::ffff:255.255.255.255]", "127.255.255.255", "240.0.0.1", "[64:ff9b::e000:1]",
}

// ourHosts are spellings of this machine, where we listen on port 80.
var ourHosts = []string{
	"127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001", "127.0.0.2", "127.42.42.42",
	"[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1%25lo]", "localhost", "LOCALHOST", "localhost.",
	"spoofed.example", "mapped.example", "①27.0.0.1",
}

// strangers are hosts that a list of good.example and 203.0.113.0/28 does not hold, or
// URLs that look as if they went there.
var strangers = []string{
	"private.example", "10.0.0.5", "203.0.113.200", "good.example.evil.example", "evil-good.example", "good.example:80@10.0.0.5", "good.example@10.0.0.5",
	"10.0.0.5#@good.example", "10.0.0.5?good.example", "10.0.0.5/good.example", "good.example%2e10.0.0.5", "good.example%00.evil.example", "[::ffff:10.0.0.5]", "[2001:db8::1]",
	"xgood.example", "localhost", "127.0.0.1", "169.254.169.254", "[64:ff9b::cb00:7107]",
}

// knock dials what a URL names with every kind of socket, and counts how often the rule
// let it pass; nothing leaves, because the hook behind the rule refuses.
func knock(t *testing.T, o target.DialOptions, host string) (passed int) {
	t.Helper()
	u, err := url.Parse("ws://" + host + "/x")
	if err != nil || u.Hostname() == "" {
		return 0
	}
	o.Lookup = generous
	d, err := target.NewDialer(o)
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("stopped behind the rule")
	d.Allowed = func(string, netip.AddrPort) error { passed++; return stop }
	address := net.JoinHostPort(u.Hostname(), "80")
	for _, network := range []string{"tcp", "tcp4", "tcp6", "udp"} {
		if c, err := d.DialContext(t.Context(), network, address); err == nil {
			c.Close()
			t.Errorf("%s: connected", host)
		}
	}
	if a, err := d.Resolve(t.Context(), "udp", address); err == nil {
		t.Errorf("%s: resolved to %s", host, a)
	}
	return passed
}

var own = target.OwnSockets{
	TCP: []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:80")}, UDP: []netip.AddrPort{netip.MustParseAddrPort("[::]:80")},
}

func TestNoSpellingEscapesTheRule(t *testing.T) {
	t.Parallel()
	list := []string{"good.example", "203.0.113.0/28", "0.0.0.0/0", "::/0", "metadata.google.internal", "mixed.example", "any.example", "v6.example"}
	kinds := map[string]target.DialOptions{
		"script": {Scripts: true, Own: own.Has}, "script with a list": {Scripts: true, Own: own.Has, Allow: list},
		"remote door": {Own: own.Has}, "remote door with a list": {Own: own.Has, Allow: list},
	}
	for kind, o := range kinds {
		for _, host := range append(append([]string{}, forbiddenHosts...), ourHosts...) {
			if n := knock(t, o, host); n > 0 {
				t.Errorf("%s: %s escaped %d times", kind, host, n)
			}
		}
	}
	if n := len(forbiddenHosts) + len(ourHosts) + len(strangers); n < 60 {
		t.Errorf("the corpus has %d strings", n)
	}
}

func TestRemoteDoorsReachOnlyWhatIsListed(t *testing.T) {
	t.Parallel()
	o := target.DialOptions{Allow: []string{"good.example", "203.0.113.0/28"}}
	for _, host := range strangers {
		if n := knock(t, o, host); n > 0 {
			t.Errorf("%s escaped %d times", host, n)
		}
		if n := knock(t, target.DialOptions{}, host); n > 0 {
			t.Errorf("%s escaped an empty list %d times", host, n)
		}
	}
}

// The corpus proves something only if the rule lets others pass.
func TestRuleLetsThroughWhatItShould(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o     target.DialOptions
		hosts []string
	}{
		{target.DialOptions{Scripts: true}, append([]string{"good.example", "10.0.0.5", "8.8.8.8", "[2001:db8::1]", "100.100.100.201", "223.255.255.255"}, ourHosts...)},
		{target.DialOptions{Allow: []string{"good.example"}}, []string{"good.example", "GOOD.example."}},
		{target.DialOptions{Allow: []string{"203.0.113.0/28"}}, []string{"good.example", "203.0.113.7", "[::ffff:203.0.113.7]", "3405803783"}},
		{target.DialOptions{Allow: []string{"good.example:80", "10.0.0.5:80"}}, []string{"good.example", "private.example"}},
		{target.DialOptions{Allow: []string{"169.254.0.0/16"}}, []string{"169.254.169.254", "2852039166", "metadata.google.internal"}},
		{target.DialOptions{Scripts: true, Allow: []string{"169.254.1.0/24"}}, []string{"169.254.1.2"}},
		{target.DialOptions{Allow: []string{"fe80::1"}}, []string{"[fe80::1]", "[fe80::1%25lo]"}},
		{target.DialOptions{Allow: []string{"239.1.2.3"}}, []string{"239.1.2.3"}},
		{target.DialOptions{Scripts: true, Own: own.Has, Allow: []string{"127.0.0.1:80"}}, []string{"127.0.0.1", "0x7f000001", "localhost"}},
	} {
		for _, host := range c.hosts {
			if knock(t, c.o, host) == 0 {
				t.Errorf("%s is refused with %q", host, c.o.Allow)
			}
		}
	}
	for host, list := range map[string][]string{
		"good.example": {"good.example:81"}, "10.0.0.5": {"10.0.0.5:81", "10.0.0.6"}, "127.0.0.1": {"127.0.0.1", "127.0.0.0/8", "localhost:80"},
	} {
		if knock(t, target.DialOptions{Own: own.Has, Allow: list}, host) > 0 {
			t.Errorf("%s passes with %q", host, list)
		}
	}
}

// Whatever the list, a name or the whole of IPv4 opens no forbidden range, and a remote
// door reaches nothing that no entry names.
func FuzzRule(f *testing.F) {
	f.Add("good.example", "a9fea9fe", "good.example")
	f.Add("x", "\x7f\x00\x00\x01", "127.0.0.0/8")
	f.Add("x", "\xfe\x80aaaaaaaaaaaaaa", "::/0")
	f.Fuzz(func(t *testing.T, host, raw, item string) {
		ip, ok := netip.AddrFromSlice([]byte(raw))
		if !ok {
			return
		}
		door, err := target.NewDialer(target.DialOptions{Allow: []string{item}})
		if err != nil {
			return
		}
		addr := netip.AddrPortFrom(ip, 80)
		passes := door.Check("tcp", host, addr) == nil
		ip = ip.Unmap()
		never := ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified()
		net, notNet := netip.ParsePrefix(item)
		single, notIP := netip.ParseAddrPort(item)
		_, notAddr := netip.ParseAddr(item)
		isName := notNet != nil && notIP != nil && notAddr != nil
		if isName && passes && (never || !strings.EqualFold(strings.Trim(host, "."), strings.Split(strings.Trim(item, "."), ":")[0])) && !strings.Contains(item, "[") {
			t.Fatalf("%q (%s) passes with the name %q", host, ip, item)
		}
		if notNet == nil && net.Bits() < 4 && never && passes {
			t.Fatalf("%s passes with %q", ip, item)
		}
		if notIP == nil && passes && single.Addr().Unmap() != ip {
			t.Fatalf("%s passes with %q", ip, item)
		}
	})
}
