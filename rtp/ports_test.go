package rtp_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"rms/rtp"
)

// loopback is an address of this process alone where the system has a whole network
// of them, so that nobody else takes the ports of these tests.
var loopback = func() netip.Addr {
	if runtime.GOOS != "linux" {
		return netip.MustParseAddr("127.0.0.1")
	}
	pid := os.Getpid()
	return netip.AddrFrom4([4]byte{127, 9, byte(pid >> 8), byte(pid)})
}()

// manual is a clock for the pool.
type manual struct {
	mu  sync.Mutex
	now time.Time
}

func (m *manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *manual) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

func pool(first, last int) (*rtp.Ports, *manual) {
	m := &manual{now: time.Unix(1_800_000_000, 0)}
	return rtp.NewPorts(rtp.PortsOptions{Min: first, Max: last, Now: m.Now}), m
}

func get(t *testing.T, p *rtp.Ports) *rtp.Pair {
	t.Helper()
	pair, err := p.Get(loopback)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pair.Close)
	return pair
}

func bound(port int) bool {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback.AsSlice(), Port: port})
	if err != nil {
		return true
	}
	_ = c.Close()
	return false
}

func TestPairsAreAnEvenPortAndTheNext(t *testing.T) {
	p, _ := pool(20101, 20108)
	if p.Size() != 3 {
		t.Fatalf("%d pairs in 20101 to 20108, want 3", p.Size())
	}
	for range 3 {
		pair := get(t, p)
		if pair.Port()%2 != 0 || pair.Port() < 20102 || pair.Port() > 20106 {
			t.Errorf("port %d", pair.Port())
		}
		if !bound(pair.Port()) || !bound(pair.Port()+1) {
			t.Errorf("port %d or the next is not bound", pair.Port())
		}
	}
	if _, err := p.Get(loopback); !errors.Is(err, rtp.ErrNoPort) {
		t.Errorf("fourth pair: %v", err)
	}
	if p.InUse() != 3 {
		t.Errorf("%d in use", p.InUse())
	}
}

func TestAPortIsNotReusedWhileWarm(t *testing.T) {
	p, clock := pool(20110, 20113)
	first := get(t, p)
	second := get(t, p)
	first.Close()
	first.Close()
	if bound(first.Port()) || p.InUse() != 1 {
		t.Errorf("port %d still bound, %d in use", first.Port(), p.InUse())
	}
	clock.pass(4900 * time.Millisecond)
	if _, err := p.Get(loopback); !errors.Is(err, rtp.ErrNoPort) {
		t.Fatalf("a warm port: %v", err)
	}
	second.Close()
	clock.pass(200 * time.Millisecond)
	if again := get(t, p); again.Port() != first.Port() {
		t.Errorf("got %d, want %d, which rested longest", again.Port(), first.Port())
	}
}

func TestPortsOfOthersArePassedOver(t *testing.T) {
	p, _ := pool(20120, 20125)
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: loopback.AsSlice(), Port: 20123})
	if err != nil {
		t.Skip(err)
	}
	defer c.Close()
	for range 2 {
		if pair := get(t, p); pair.Port() == 20122 {
			t.Error("got a pair whose RTCP port is taken")
		}
	}
	if _, err := p.Get(loopback); !errors.Is(err, rtp.ErrNoPort) {
		t.Errorf("third pair: %v", err)
	}
	if bound(20122) {
		t.Error("half a pair is left bound")
	}
}

func TestPortsAreHandedOutInNoFixedOrder(t *testing.T) {
	p, _ := pool(20200, 20399)
	rising := 0
	last := 0
	for range 50 {
		pair := get(t, p)
		if pair.Port() > last {
			rising++
		}
		last = pair.Port()
	}
	if rising > 45 {
		t.Errorf("%d of 50 ports in rising order", rising)
	}
}

func TestAnAddressThatIsNotOursIsAnError(t *testing.T) {
	p, _ := pool(20130, 20139)
	_, err := p.Get(netip.MustParseAddr("192.0.2.1"))
	if err == nil || errors.Is(err, rtp.ErrNoPort) {
		t.Errorf("error %v", err)
	}
	if p.InUse() != 0 {
		t.Errorf("%d in use", p.InUse())
	}
}
