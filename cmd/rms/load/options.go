package load

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Options say which calls are placed, how fast, and what is measured.
// The zero value of every field but Target has a usable default.
type Options struct {
	Target    string        // who is called: sip:user@host[:port]
	Proxy     string        // host[:port] the requests go to first; empty: the target's host
	From      string        // URI of the caller; empty: sip:load@ the local address
	Headers   []string      // extra lines of the INVITE, "Name: value"
	Transport string        // udp (default) or tcp
	Calls     int           // concurrent calls, default 100
	Rate      float64       // new calls a second, default 50
	For       time.Duration // how long all calls stand together, default 10 s
	Codec     string        // PCMU (default), PCMA, G722, L16 or L16/16000
	Ptime     time.Duration // length of a packet that is asked for and sent, default 20 ms
	TwoWay    bool          // also send a packet each ptime; else one each KeepAlive
	KeepAlive time.Duration // packet of silence in one-way calls, default 10 s: a silent caller is hung up by many servers
	PIDs      []int         // processes whose CPU and memory are read: the server's
	Bind      netip.Addr    // local address; zero: the one that routes to the target
	Ports     string        // local RTP ports "low-high", default 30000-59999
	Wheel     time.Duration // each RTP socket is read once in this time, default 200 ms
	Patience  time.Duration // an INVITE without a final answer is cancelled after this, default 32 s
	Baseline  time.Duration // idle measuring before the first call, default 2 s
	Streams   Streams       // what the calls are asked to stream to this program

	Recordings Recordings // what the server is asked to record of the calls
	Doors      Doors      // what is done through the server's API meanwhile
}

// codec is what the offer names and what the arithmetic of timestamps needs.
type codec struct {
	name      string
	pt        uint8
	clockRate int
	bytesPer  int // bytes of payload for 8 samples of the RTP clock
}

var codecs = []codec{
	{"PCMU", 0, 8000, 8},
	{"PCMA", 8, 8000, 8},
	{"G722", 9, 8000, 8},
	{"L16/8000", 96, 8000, 16},
	{"L16/16000", 97, 16000, 16},
}

func findCodec(name string) (codec, error) {
	want := strings.ToUpper(strings.TrimSpace(name))
	if want == "L16" {
		want = "L16/8000"
	}
	known := make([]string, 0, len(codecs))
	for _, c := range codecs {
		if c.name == want || c.encoding() == want {
			return c, nil
		}
		known = append(known, c.name)
	}
	return codec{}, fmt.Errorf("codec %q is not known; use one of %s", name, strings.Join(known, ", "))
}

// encoding is the rtpmap text without the payload type.
func (c codec) encoding() string {
	if strings.Contains(c.name, "/") {
		return c.name
	}
	return c.name + "/" + strconv.Itoa(c.clockRate)
}

func (c codec) samples(ptime time.Duration) int {
	return int(int64(c.clockRate) * int64(ptime) / int64(time.Second))
}

func (c codec) payloadSize(ptime time.Duration) int { return c.samples(ptime) * c.bytesPer / 8 }

// plan is Options after checking: every default filled in, every text parsed.
type plan struct {
	Options
	codec     codec
	target    uri
	nextHop   string // host:port
	low, high int    // RTP ports
	wire      wire   // of the streams; nil: none are asked for
	streamURL string // with %d for the number of the call
}

func (o Options) check() (plan, error) {
	p := plan{Options: o}
	p.Transport = strings.ToLower(either(o.Transport, "udp"))
	p.Calls = either(o.Calls, 100)
	p.Rate = either(o.Rate, 50)
	p.For = either(o.For, 10*time.Second)
	p.Ptime = either(o.Ptime, 20*time.Millisecond)
	p.KeepAlive = either(o.KeepAlive, 10*time.Second)
	p.Wheel = either(o.Wheel, 200*time.Millisecond)
	p.Patience = either(o.Patience, 32*time.Second)
	p.Baseline = either(o.Baseline, 2*time.Second)
	if err := p.checkNumbers(); err != nil {
		return p, err
	}
	if err := p.checkStreams(); err != nil {
		return p, err
	}
	if err := p.checkDoors(); err != nil {
		return p, err
	}
	if err := p.checkRecordings(); err != nil {
		return p, err
	}
	var err error
	if p.codec, err = findCodec(either(o.Codec, "PCMU")); err != nil {
		return p, err
	}
	if p.low, p.high, err = parsePorts(either(o.Ports, "30000-59999"), p.Calls); err != nil {
		return p, err
	}
	if p.target, err = parseURI(o.Target); err != nil {
		return p, fmt.Errorf("target %q: %w", o.Target, err)
	}
	p.nextHop = p.target.hostPort()
	if o.Proxy != "" {
		if p.nextHop, err = parseHostPort(o.Proxy); err != nil {
			return p, fmt.Errorf("proxy %q: %w", o.Proxy, err)
		}
	}
	for _, h := range o.Headers {
		if name, _, ok := strings.Cut(h, ":"); !ok || strings.TrimSpace(name) == "" || strings.ContainsAny(h, "\r\n\x00") {
			return p, fmt.Errorf(`header %q: write it as "Name: value" on one line`, h)
		}
	}
	return p, nil
}

func (p *plan) checkNumbers() error {
	switch {
	case p.Transport != "udp" && p.Transport != "tcp":
		return fmt.Errorf("transport %q is not known; use udp or tcp", p.Transport)
	case p.Calls < 1 || p.Calls > 30000:
		return fmt.Errorf("%d calls: use 1 to 30000", p.Calls)
	case p.Rate < 0.1 || p.Rate > 10000:
		return fmt.Errorf("%g calls a second: use 0.1 to 10000", p.Rate)
	case p.For < 0 || p.Baseline < 0:
		return errors.New("a time may not be negative")
	case p.Ptime < 10*time.Millisecond || p.Ptime > 60*time.Millisecond || p.Ptime%(5*time.Millisecond) != 0:
		return fmt.Errorf("ptime %v: use 10 to 60 ms in steps of 5", p.Ptime)
	case p.Wheel < 20*time.Millisecond || p.Wheel > time.Second:
		return fmt.Errorf("wheel %v: use 20 ms to 1 s", p.Wheel)
	case p.Patience < time.Second:
		return fmt.Errorf("patience %v: use at least 1 s", p.Patience)
	}
	return nil
}

func either[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func parsePorts(s string, calls int) (low, high int, err error) {
	a, b, ok := strings.Cut(s, "-")
	low, errLow := strconv.Atoi(strings.TrimSpace(a))
	high, errHigh := strconv.Atoi(strings.TrimSpace(b))
	if !ok || errLow != nil || errHigh != nil || low < 1024 || high > 65535 || low >= high {
		return 0, 0, fmt.Errorf("RTP ports %q: write low-high, both from 1024 to 65535", s)
	}
	low += low % 2
	if have := (high-low)/2 + 1; have < calls {
		return 0, 0, fmt.Errorf("RTP ports %q hold %d even ports, %d calls need one each: widen the range", s, have, calls)
	}
	return low, high, nil
}

// parseHostPort fills in port 5060 and puts brackets round an IPv6 address.
func parseHostPort(s string) (string, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(a, 5060).String(), nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "5060"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, " /<>;@\r\n") {
		return "", errors.New("write host or host:port")
	}
	return net.JoinHostPort(host, port), nil
}
