package target_test

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
	"rms/media/wire/rst"
)

func TestRSTGeneration1SendsInvOnceDataOfBothSidesAndByeOnce(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	s := openRST(t, far.options())
	inv := far.next()
	if inv.text != "INV :"+rstID+":18621575908:02131570530" {
		t.Errorf("INV %q", inv.text)
	}
	pcm := make([]int16, 320)
	for i := range 160 {
		pcm[2*i], pcm[2*i+1] = 1000, -1000
	}
	s.write(pcm, 2)
	r, w := far.next(), far.next()
	if want := "DATA:" + rstID + ":R:00:160:" + strings.Repeat(string([]byte{media.LinearToMulaw(1000)}), 160); r.text != want || len(want) != 211 {
		t.Errorf("R: %q, want %q", r.text, want)
	}
	if want := "DATA:" + rstID + ":W:00:160:" + strings.Repeat(string([]byte{media.LinearToMulaw(-1000)}), 160); w.text != want {
		t.Errorf("W: %q, want %q", w.text, want)
	}
	if e := s.finish(); e.By != target.ByLocal || e.Code != 1000 || e.Again || e.Hangup || e.Error != 0 {
		t.Errorf("ended %+v", e)
	}
	bye := far.next()
	if bye.text != "BYE :"+rstID {
		t.Errorf("BYE %q", bye.text)
	}
	far.empty()
	if inv.from != r.from || inv.from != w.from || inv.from != bye.from {
		t.Errorf("sent from %v, %v, %v, %v: want one socket", inv.from, r.from, w.from, bye.from)
	}
	if e := s.ended(); e.By != target.ByLocal {
		t.Errorf("Serve: %+v", e)
	}
	if st := s.Stats(); st.FramesOut != 2 || st.BytesOut != 422 || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
	if a := target.Dialled(s.Conn); a != far.addr {
		t.Errorf("connected to %v, want %v", a, far.addr)
	}
}

func TestRSTOneChannelIsRAlone(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.Format.Channels = 1
	s := openRST(t, o)
	far.next()
	s.write(rstRamp(320, 1), 1)
	for range 2 {
		if p := far.data(); p.Side != rst.Read {
			t.Errorf("side %c", p.Side)
		}
	}
	s.finish()
	if got := far.next(); got.text != "BYE :"+rstID {
		t.Errorf("%.50q, want BYE", got.text)
	}
}

func TestRSTPartiesAreEncodedOnTheWire(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.Caller, o.Callee = "a:b", "c\r\nd"
	openRST(t, o)
	if got := far.next(); got.text != "INV :"+rstID+":a%3Ab:c%0D%0Ad" {
		t.Errorf("%q", got.text)
	}
}

func TestRSTGeneration1NeedsNoAckAndTakesAny(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	s := openRST(t, far.options())
	from := far.next().from
	for _, ack := range []string{"ACK :" + rstID, "ACK :" + rstID + "\x00\r\n", "ACK :" + rstID + ":6004:6005"} {
		far.say(from, ack)
	}
	far.say(from, "nonsense")
	s.until("the datagram after the ACKs", func(st target.Stats) bool { return st.Malformed == 1 })
	s.write(rstRamp(160, 2), 2)
	if p := far.data(); p.Side != rst.Read {
		t.Errorf("%+v", p)
	}
	s.running()
}

func TestRSTByeFromTheServerEndsTheStream(t *testing.T) {
	t.Parallel()
	for _, id := range []string{rstID, strings.ToUpper(rstID), rstID + "\x00\x00"} {
		far := newRSTFar(t, "127.0.0.1:0")
		s := openRST(t, far.options())
		far.say(far.next().from, "BYE :"+id)
		if e := s.ended(); e.By != target.ByRemote || e.Code != 1000 || e.Again || e.Hangup {
			t.Errorf("ended %+v", e)
		}
		if err := s.Write(&media.Frame{PCM: rstRamp(160, 2), Format: media.Format{Rate: 8000, Channels: 2}}); !errors.Is(err, target.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		if e := s.finish(); e.By != target.ByRemote {
			t.Errorf("Finish: %+v", e)
		}
		far.empty() // no BYE for a BYE
	}
}

func TestRSTByeOfAnotherCallOrFromAStrangerIsIgnored(t *testing.T) {
	t.Parallel()
	far, stranger := newRSTFar(t, "127.0.0.1:0"), newRSTFar(t, "127.0.0.1:0")
	s := openRST(t, far.options())
	from := far.next().from
	stranger.say(from, "BYE :"+rstID)
	far.say(from, "BYE :00000000-8263-4550-b18c-d027d11c9865")
	far.say(from, "INV :"+rstID+":1:2")
	far.say(from, string(rst.AppendData(nil, rstID, rst.Read, 0, make([]byte, 160))))
	far.say(from, "bye :"+rstID)
	s.until("all datagrams", func(st target.Stats) bool { return st.Malformed == 1 })
	if st := s.Stats(); st.Ignored != 3 {
		t.Errorf("%+v", st)
	}
	s.running()
}

func TestRSTServerThatIsNotThereCostsDatagramsNotTheStream(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.4:0") // where nobody else takes the port meanwhile
	s := openRST(t, far.options())
	far.next()
	far.conn.Close()
	for end := time.Now().Add(rstPatience); s.Stats().Dropped < 5; time.Sleep(time.Millisecond) {
		s.write(rstRamp(160, 2), 2)
		if time.Now().After(end) {
			t.Fatalf("nothing was refused: %+v", s.Stats())
		}
	}
	s.running()
	again := newRSTFar(t, far.addr.String())
	s.write(rstRamp(160, 2), 2)
	if p := again.data(); len(p.Payload) != 160 {
		t.Errorf("%+v", p)
	}
}

func TestRSTCloseSaysByeAndEndsServe(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	s := openRST(t, far.options())
	far.next()
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if e := s.ended(); e.By != target.ByLocal || e.Code != 1006 {
		t.Errorf("%+v", e)
	}
	if got := far.next(); got.text != "BYE :"+rstID {
		t.Errorf("%q", got.text)
	}
	s.finish()
	far.empty()
}

func TestRSTHasNeitherTextNorDigits(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	s := openRST(t, far.options())
	far.next()
	if err := s.Text(t.Context(), "hello"); !errors.Is(err, target.ErrNoText) {
		t.Errorf("Text: %v", err)
	}
	if err := s.Digit('5', time.Second); err != nil {
		t.Errorf("Digit: %v", err)
	}
	far.empty()
}

func TestRSTRuleOfTheDialerIsAsked(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.Dial = &target.Dialer{Allowed: func(string, netip.AddrPort) error {
		return &target.RefusedError{Host: "127.0.0.1", Addr: far.addr, Rule: "is not listed"}
	}}
	_, err := tryRST(t, o)
	if ce := (*target.ConnectError)(nil); !errors.As(err, &ce) || !ce.Final || !strings.Contains(ce.Text, "is not listed") {
		t.Errorf("%v", err)
	}
	far.empty()
}

func TestRSTHostThatIsNotFoundIsAConnectError(t *testing.T) {
	t.Parallel()
	o := &target.Options{
		URL: &url.URL{Scheme: "rst", Host: "nobody.invalid"}, CallID: rstID,
		Dial: rstNoNames(t),
	}
	_, err := tryRST(t, o)
	if ce := (*target.ConnectError)(nil); !errors.As(err, &ce) || ce.Code != target.CodeConnectFailed || ce.Final {
		t.Errorf("%v", err)
	}
}

func rstNoNames(t *testing.T) *target.Dialer {
	t.Helper()
	d, err := target.NewDialer(target.DialOptions{Scripts: true, Lookup: rstNoLookup})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var errRSTNoHost = &net.DNSError{Err: "no such host", Name: "nobody.invalid", IsNotFound: true}
