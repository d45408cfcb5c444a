//go:build linux

package interop_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"rms/media"
	"rms/media/codec"
	"rms/sip"
	"rms/sip/sdp"
)

// talker is a caller that speaks and listens over a network of the test's choice, by a
// clock of its own.
type talker struct {
	*ear
	t      *testing.T
	ua     *sip.UA
	dialog *sip.Dialog
	caps   sdp.Caps
	offer  *sdp.Local
	final  chan *sip.Response
	over   chan sip.Cause

	net    network
	voice  func(clock float64) float64 // amplitude at a second of the talker's clock
	begin  time.Time
	cancel context.CancelFunc
	wait   sync.WaitGroup

	mu   sync.Mutex
	line line
	keys []byte
	sent []sent
}

// line is how the talker sends at the moment.
type line struct {
	codec   media.Codec
	encoder media.Encoder
	pt      uint8
	keyType uint8
	to      *net.UDPAddr
	mute    bool
	source  uint32
	number  int // of the line: it is another one after each change
}

// newTalker opens the sockets of a caller whose RTP goes over this network.
func newTalker(t *testing.T, over network) *talker {
	t.Helper()
	k := &talker{ear: listen(t), t: t, net: over, final: make(chan *sip.Response, 8), over: make(chan sip.Cause, 1)}
	ua, err := sip.Listen(sip.Options{Listen: []string{"udp://" + earAddr + ":0"}, Agent: "talker"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	k.ua = ua
	ctx, cancel := context.WithCancel(context.Background())
	k.cancel = cancel
	t.Cleanup(func() {
		k.hush()
		soon, stop := context.WithTimeout(ctx, 2*time.Second)
		defer stop()
		_ = ua.Close(soon)
		cancel()
	})
	k.caps = sdp.Caps{DTMF: true, Addr: netip.MustParseAddr(k.ip), Port: k.port}
	return k
}

// call dials, and speaks as soon as there is an answer.
func (k *talker) call(uri, codec string) {
	k.t.Helper()
	offer := k.describe(codec, sdp.SendRecv)
	d, err := k.ua.Call(sip.CallOptions{To: uri, From: "sip:talker@" + earAddr, SDP: offer}, k)
	if err != nil {
		k.t.Fatal(err)
	}
	k.dialog = d
	k.agreed("the call")
	ctx, cancel := context.WithCancel(context.Background())
	stop := k.cancel
	k.cancel = func() { cancel(); stop() }
	k.begin = time.Now()
	k.wait.Go(func() { k.speak(ctx) })
}

// describe is our offer with one codec.
func (k *talker) describe(name string, d sdp.Direction) []byte {
	k.t.Helper()
	pt := map[string]uint8{"PCMU": 0, "PCMA": 8, "G722": 9, "L16": 97}[name]
	clock := 8000
	if name == "L16" {
		clock = 16000
	}
	k.caps.Codecs, k.caps.Direction = []sdp.Codec{{Name: name, PT: pt, ClockRate: clock}}, d
	offer, err := sdp.Offer(k.caps, k.offer)
	if err != nil {
		k.t.Fatal(err)
	}
	k.offer = offer
	return offer.SDP
}

// change offers another codec or direction in a re-INVITE, and goes on as it is answered.
func (k *talker) change(name string, d sdp.Direction) {
	k.t.Helper()
	err := k.dialog.Reinvite(k.describe(name, d), func(r *sip.Response) { k.final <- r })
	if err != nil {
		k.t.Fatal(err)
	}
	k.agreed("a re-INVITE to " + name + " " + d.String())
}

// agreed waits for an answer and puts it into effect.
func (k *talker) agreed(what string) {
	k.t.Helper()
	var r *sip.Response
	select {
	case r = <-k.final:
	case <-time.After(30 * time.Second):
		k.t.Fatalf("no answer to %s", what)
	}
	m, err := sdp.AcceptAnswer(k.offer, r.SDP(), k.caps)
	if err != nil {
		k.t.Fatalf("answer %d to %s: %v", r.Code(), what, err)
	}
	cd, ok := codec.Lookup(m.Codec.Name, m.Codec.ClockRate, m.Codec.Channels)
	if !ok {
		k.t.Fatalf("%s: no codec %v", what, m.Codec)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	l := line{codec: cd, encoder: k.line.encoder, pt: m.Codec.PT, keyType: m.DTMFType, source: k.line.source, number: k.line.number + 1, mute: !m.Direction.Sends()}
	if m.Remote.IsValid() {
		l.to = net.UDPAddrFromAddrPort(m.Remote)
	}
	if l.encoder == nil || cd.Name != k.line.codec.Name {
		l.encoder = cd.NewEncoder()
	}
	if cd.ClockRate != k.line.codec.ClockRate { // other timestamps: another source
		l.source += 0x1000
	}
	k.line = l
}

// mute stops the voice, and waits for what is under way.
func (k *talker) mute() {
	k.mu.Lock()
	k.line.mute = true
	k.mu.Unlock()
	time.Sleep(k.net.late + k.net.jitter + 20*time.Millisecond)
}

// press sends a key as RTP events (RFC 4733).
func (k *talker) press(key byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = append(k.keys, key)
}

// bye hangs up when all that was said has come.
func (k *talker) bye() {
	k.t.Helper()
	k.mute()
	k.hush()
	if err := k.dialog.Bye(""); err != nil {
		k.t.Error(err)
	}
	k.ended(30 * time.Second)
}

// ended waits for the end of the call.
func (k *talker) ended(limit time.Duration) {
	k.t.Helper()
	select {
	case <-k.over:
	case <-time.After(limit):
		k.t.Error("the call does not end")
	}
}

// hush ends the voice for good.
func (k *talker) hush() {
	k.cancel()
	k.wait.Wait()
}

// until sleeps until a time of the call.
func (k *talker) until(at time.Duration) { time.Sleep(time.Until(k.begin.Add(at))) }

// packetsSent is what was said so far.
func (k *talker) packetsSent() []sent {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.sent)
}

// The rest of a talker is the owner of its dialog.

func (k *talker) Request(r *sip.Request) { r.Default() }
func (k *talker) Acked([]byte)           {}
func (k *talker) Ended(c sip.Cause)      { k.over <- c }

func (k *talker) Response(r *sip.Response) {
	if r.Code() >= 200 {
		k.final <- r
	}
}
