package target_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
	"rms/media/wire/rst"
)

// rstTwo is a server of generation 2: one port for INV, two for audio.
type rstTwo struct{ main, read, write *rstFar }

func newRSTTwo(t *testing.T) rstTwo {
	t.Helper()
	return rstTwo{newRSTFar(t, "127.0.0.1:0"), newRSTFar(t, "127.0.0.1:0"), newRSTFar(t, "127.0.0.1:0")}
}

func (f rstTwo) ack() string {
	return string(rst.AppendAck(nil, rstID, int(f.read.addr.Port()), int(f.write.addr.Port())))
}

func (f rstTwo) options() *target.Options {
	o := f.main.options()
	o.Generation, o.Codec = 2, media.Codec{}
	return o
}

// open opens a stream while server plays the far end on a goroutine of its own.
func (f rstTwo) open(t *testing.T, o *target.Options, server func()) *rstStream {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		server()
	}()
	s := openRST(t, o)
	<-done
	return s
}

func TestRSTGeneration2SendsBarePayloadsBetweenThePairsAndByeThreeTimes(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	o := f.options()
	o.LocalPorts = [2]int{28001, 28999}
	var inv rstGot
	s := f.open(t, o, func() {
		inv = f.main.next()
		f.main.say(inv.from, f.ack())
	})
	p, err := rst.Parse([]byte(inv.text))
	if err != nil || p.Caller != "18621575908" || p.ReadPort%2 != 0 || p.WritePort != p.ReadPort+1 || p.ReadPort < 28002 || p.WritePort > 28999 {
		t.Errorf("%q, %v", inv.text, err)
	}
	if want := fmt.Sprintf("INV :%s:18621575908:02131570530:%d:%d", rstID, p.ReadPort, p.WritePort); inv.text != want {
		t.Errorf("%q, want %q", inv.text, want)
	}
	pcm := rstRamp(160, 2)
	s.write(pcm, 2)
	for i, side := range []*rstFar{f.read, f.write} {
		got := side.next()
		if int(got.from.Port()) != p.ReadPort+i {
			t.Errorf("side %d comes from %v, announced was %d", i, got.from, p.ReadPort+i)
		}
		heard := rstDecode(rst.L16, []byte(got.text))
		if len(got.text) != 320 || heard[0] != pcm[i] || heard[159] != pcm[318+i] {
			t.Errorf("side %d: % .20x", i, got.text)
		}
	}
	s.finish()
	for range 3 {
		if got := f.main.next(); got.text != "BYE :"+rstID || got.from != inv.from {
			t.Errorf("%q from %v", got.text, got.from)
		}
	}
	f.main.empty()
	f.read.empty()
	f.write.empty()
}

// Audio goes nowhere before the ACK: there is no connection to write to.
func TestRSTInvIsRepeatedAtHalfOneAndTwoSecondsAndGivenUp(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	o := f.options()
	o.InviteAfter = 2200 * time.Millisecond
	start := time.Now()
	_, err := tryRST(t, o)
	took := time.Since(start)
	if ce := (*target.ConnectError)(nil); !errors.As(err, &ce) || ce.Code != target.CodeTimeout || ce.Final || !strings.Contains(ce.Text, "no ACK") {
		t.Errorf("%v", err)
	}
	if took < o.InviteAfter || took > rstPatience/2 {
		t.Errorf("given up after %v", took)
	}
	var first string
	for i := range 4 {
		got := f.main.any()
		if i == 0 {
			first = got.text
		}
		if got.text != first || !strings.HasPrefix(first, "INV :") {
			t.Errorf("%d: %q, want %q", i, got.text, first)
		}
	}
	for range 3 {
		if got := f.main.next(); got.text != "BYE :"+rstID {
			t.Errorf("%q: want BYE after giving up", got.text)
		}
	}
	f.main.empty()
}

func TestRSTLostInvIsRepeatedAfterHalfASecond(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	var lost, second rstGot
	start := time.Now()
	s := f.open(t, f.options(), func() {
		lost = f.main.any()
		second = f.main.any()
		f.main.say(second.from, f.ack())
	})
	if took := time.Since(start); second.text != lost.text || took < 500*time.Millisecond || took > rstPatience/2 {
		t.Errorf("%q came %v after %q", second.text, took, lost.text)
	}
	s.write(rstRamp(160, 2), 2)
	f.read.next()
	f.write.next()
}

// The ACK of the first INV is lost; the server answers the duplicate again.
func TestRSTLostAckIsAskedForAgainAndALateOneChangesNothing(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	elsewhere := newRSTFar(t, "127.0.0.1:0")
	var from netip.AddrPort
	s := f.open(t, f.options(), func() {
		f.main.any()
		from = f.main.any().from
		f.main.say(from, f.ack())
	})
	port := int(elsewhere.addr.Port())
	f.main.say(from, string(rst.AppendAck(nil, rstID, port, port)))
	f.main.say(from, "nonsense")
	s.until("the late ACK", func(st target.Stats) bool { return st.Malformed == 1 })
	s.write(rstRamp(160, 2), 2)
	f.read.next()
	f.write.next()
	elsewhere.empty()
}

func TestRSTGivesUpAtInviteAfter(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	o := f.options()
	o.InviteAfter = 30 * time.Millisecond
	_, err := tryRST(t, o)
	if ce := (*target.ConnectError)(nil); !errors.As(err, &ce) || ce.Code != target.CodeTimeout {
		t.Errorf("%v", err)
	}
	s, _ := target.Lookup("rst")
	o = f.options()
	if err := s.Check(o); err != nil || o.InviteAfter != 5*time.Second {
		t.Errorf("default %v, %v", o.InviteAfter, err)
	}
}

func TestRSTHandshakeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	s, _ := target.Lookup("rst")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		f.main.next()
		cancel()
	}()
	if c, err := s.Open(ctx, f.options()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", c, err)
	}
	for range 3 {
		if got := f.main.next(); got.text != "BYE :"+rstID { // it may have heard the INV
			t.Errorf("%q", got.text)
		}
	}
}

func TestRSTAckOfAStrangerIsIgnored(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	stranger := newRSTFar(t, "127.0.0.2:0")
	port := int(stranger.addr.Port())
	s := f.open(t, f.options(), func() {
		inv := f.main.next()
		stranger.say(inv.from, string(rst.AppendAck(nil, rstID, port, port)))
		stranger.say(inv.from, "BYE :"+rstID)
		f.main.say(inv.from, string(rst.AppendAck(nil, "00000000-8263-4550-b18c-d027d11c9865", port, port)))
		f.main.say(inv.from, f.ack())
	})
	s.write(rstRamp(160, 2), 2)
	f.read.next()
	f.write.next()
	stranger.empty()
	if st := s.Stats(); st.Ignored != 3 {
		t.Errorf("%+v", st)
	}
}

// The address counts, not the port that the ACK comes from.
func TestRSTAckFromAnotherPortOfTheServerIsIgnored(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	s := f.open(t, f.options(), func() {
		inv := f.main.next()
		f.read.say(inv.from, "ACK :"+rstID+":1:2")
		f.main.say(inv.from, f.ack())
	})
	s.write(rstRamp(160, 2), 2)
	f.read.next()
	f.write.next()
}

func TestRSTAckWithBadPortsIsDropped(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	bad := []string{":0:6005", ":6004:0", ":70000:1", ":6004", ":x:y", ":6004:", ":-1:5"}
	s := f.open(t, f.options(), func() {
		inv := f.main.next()
		for _, ports := range bad {
			f.main.say(inv.from, "ACK :"+rstID+ports)
		}
		f.main.say(inv.from, f.ack())
	})
	if st := s.Stats(); st.Malformed != uint64(len(bad)) {
		t.Errorf("%+v", st)
	}
	s.write(rstRamp(160, 2), 2)
	f.read.next()
	f.write.next()
}

func TestRSTAckWithoutPortsContinuesAsGeneration1(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	var inv rstGot
	s := f.open(t, f.options(), func() {
		inv = f.main.next()
		f.main.say(inv.from, "ACK :"+rstID)
	})
	s.write(rstRamp(160, 2), 2)
	for _, side := range []byte{rst.Read, rst.Write} {
		got := f.main.next()
		p, err := rst.Parse([]byte(got.text))
		if err != nil || p.Kind != rst.Data || p.Side != side || p.PT != rst.L16 || len(p.Payload) != 320 || got.from != inv.from {
			t.Errorf("%.60q from %v, %v", got.text, got.from, err)
		}
	}
	s.finish()
	if got := f.main.next(); got.text != "BYE :"+rstID {
		t.Errorf("%q", got.text)
	}
	f.main.empty()
}

func TestRSTByeInGeneration2CountsFromTheServersAddressOnly(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	stranger := newRSTFar(t, "127.0.0.2:0")
	var from netip.AddrPort
	s := f.open(t, f.options(), func() {
		from = f.main.next().from
		f.main.say(from, f.ack())
	})
	stranger.say(from, "BYE :"+rstID)
	s.until("the stranger's BYE", func(st target.Stats) bool { return st.Ignored == 1 })
	s.running()
	f.main.say(from, "BYE :"+rstID)
	if e := s.ended(); e.By != target.ByRemote {
		t.Errorf("%+v", e)
	}
	s.finish()
	f.main.empty()
}

func TestRSTByeInsteadOfAckIsARefusal(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	go func() { f.main.say(f.main.next().from, "BYE :"+rstID) }()
	_, err := tryRST(t, f.options())
	if ce := (*target.ConnectError)(nil); !errors.As(err, &ce) || ce.Code != target.CodeConnectFailed {
		t.Errorf("%v", err)
	}
}

func TestRSTTakesOnlyAFreePairOfItsRange(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	o := f.options()
	var held *rstFar // the odd port of the only pair
	for port := 29901; held == nil && port < 29999; port += 2 {
		o.LocalPorts = [2]int{port - 1, port}
		held = newRSTFarIfFree(t, port)
	}
	_, err := tryRST(t, o)
	if ce := (*target.ConnectError)(nil); !errors.As(err, &ce) || !strings.Contains(ce.Text, "no free pair") {
		t.Errorf("%v", err)
	}
	f.main.empty()
	held.conn.Close()
	s := f.open(t, o, func() { f.main.say(f.main.next().from, f.ack()) })
	s.finish()
}

func TestRSTMediaGoesToTheAllowedHostAtThePortsOfTheAck(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	o := f.options()
	d, err := target.NewDialer(target.DialOptions{Allow: []string{f.main.addr.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	o.Dial = d
	s := f.open(t, o, func() { f.main.say(f.main.next().from, f.ack()) })
	s.write(rstRamp(160, 2), 2)
	f.read.next()
	f.write.next()
}

func TestRSTMediaPortsOfTheAckObeyTheRule(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]func(f rstTwo) target.DialOptions{
		"main port listed alone": func(f rstTwo) target.DialOptions {
			return target.DialOptions{Allow: []string{f.main.addr.String()}}
		},
		"a socket of ours": func(f rstTwo) target.DialOptions {
			return target.DialOptions{Scripts: true, Own: func(_ string, a netip.AddrPort) bool { return a == f.write.addr }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newRSTTwo(t)
			o := f.options()
			d, err := target.NewDialer(rule(f))
			if err != nil {
				t.Fatal(err)
			}
			o.Dial = d
			go func() { f.main.say(f.main.next().from, f.ack()) }()
			_, err = tryRST(t, o)
			if ce := (*target.ConnectError)(nil); !errors.As(err, &ce) || !ce.Final || !strings.Contains(ce.Text, "stream.allow") {
				t.Errorf("%v", err)
			}
		})
	}
}
