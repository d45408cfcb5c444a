package phone

import (
	"net/netip"
	"testing"
	"time"

	"rms/sip/sdp"
)

// A 200 may cross our CANCEL and be read when the media are closed already.
func TestAnAnswerThatCrossedTheGoodbyeStartsNoMedia(t *testing.T) {
	t.Parallel()
	p, err := (&Options{To: "sip:x@127.0.0.1"}).check()
	if err != nil {
		t.Fatal(err)
	}
	local := netip.MustParseAddr("127.0.0.1")
	l, err := newLeg(&p, newMailbox(), local, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := sdp.Media{Codec: l.caps.Codecs[0], Ptime: 20 * time.Millisecond, Remote: netip.AddrPortFrom(local, 4000)}
	if err := l.agree(m); err != nil {
		t.Error(err)
	}
	if l.graph != nil {
		t.Error("there are media behind the end")
		_ = l.graph.Close(t.Context())
	}
}
