package sdp_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/sip/sdp"
)

func offer(t *testing.T, c sdp.Caps, prev *sdp.Local) *sdp.Local {
	t.Helper()
	local, err := sdp.Offer(c, prev)
	if err != nil {
		t.Fatal(err)
	}
	checkText(t, string(local.SDP))
	return local
}

func TestOfferIsTheWholeExpectedText(t *testing.T) {
	t.Parallel()
	local := offer(t, caps(), &sdp.Local{Origin: sdp.Origin{ID: 42, Version: 1}})
	want := "v=0\r\no=- 42 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		"m=audio 10000 RTP/AVP 0 8 9 96 97 101 98 13\r\n" +
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\na=rtpmap:96 L16/16000\r\n" +
		"a=rtpmap:97 L16/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n" +
		"a=rtpmap:98 telephone-event/16000\r\na=fmtp:98 0-15\r\na=rtpmap:13 CN/8000\r\n" +
		"a=ptime:20\r\na=sendrecv\r\na=rtcp-mux\r\n"
	if string(local.SDP) != want {
		t.Errorf("got\n%s\nwant\n%s", local.SDP, want)
	}
}

func TestOfferWithoutCodecsIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := sdp.Offer(sdp.Caps{Addr: caps().Addr, Port: 10000}, nil); err == nil {
		t.Error("no error")
	}
}

func TestOfferGivesACodecWithoutTypeADynamicOne(t *testing.T) {
	t.Parallel()
	c := caps()
	c.Codecs = []sdp.Codec{{Name: "L16", PT: 0, ClockRate: 16000}, {Name: "L16", PT: 255, ClockRate: 8000}, {Name: "PCMU", ClockRate: 8000}}
	text := string(offer(t, c, nil).SDP)
	for _, want := range []string{"a=rtpmap:96 L16/16000\r\n", "a=rtpmap:97 L16/8000\r\n", "a=rtpmap:0 PCMU/8000\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestOriginIsNewPerCallAndVersionGoesUpOnlyWithChange(t *testing.T) {
	t.Parallel()
	const plain, held = head + "m=audio 4000 RTP/AVP 0 8\r\n", head + "m=audio 4000 RTP/AVP 0 8\r\na=sendonly\r\n"
	first := answer(t, plain, caps(), nil).Local
	if other := answer(t, plain, caps(), nil).Local; other.Origin.ID == first.Origin.ID || other.Origin.Version != first.Origin.Version {
		t.Errorf("two calls: %+v and %+v", first.Origin, other.Origin)
	}
	local := first
	for i, step := range []struct {
		offer   string
		version uint64
	}{{plain, 0}, {held, 1}, {held, 1}, {plain, 2}, {head + "m=audio 4000 RTP/AVP 8\r\n", 3}, {head + "m=audio 4002 RTP/AVP 8\r\n", 3}} {
		before := string(local.SDP)
		r := answer(t, step.offer, caps(), local)
		if r.Local.Origin.ID != first.Origin.ID || r.Local.Origin.Version != first.Origin.Version+step.version {
			t.Errorf("step %d: origin %+v after %+v", i, r.Local.Origin, first.Origin)
		}
		if string(local.SDP) != before {
			t.Errorf("step %d changed the description that it started from", i)
		}
		local = r.Local
	}
}

func TestReInviteHoldsResumesAndChangesTheCodec(t *testing.T) {
	t.Parallel()
	r := answer(t, head+"m=audio 4000 RTP/AVP 0 8\r\n", caps(), nil)
	hold := answer(t, head+"m=audio 4000 RTP/AVP 0 8\r\na=sendonly\r\n", caps(), r.Local)
	if !hold.Media.Hold || hold.Media.Direction != sdp.RecvOnly {
		t.Errorf("hold: %+v", hold.Media)
	}
	back := answer(t, head+"m=audio 4000 RTP/AVP 0 8\r\na=sendrecv\r\n", caps(), hold.Local)
	if back.Media.Hold || back.Media.Direction != sdp.SendRecv {
		t.Errorf("resume: %+v", back.Media)
	}
	change := answer(t, head+"m=audio 4100 RTP/AVP 9 101\r\na=rtpmap:101 telephone-event/8000\r\n", caps(), back.Local)
	if change.Media.Codec.Name != "G722" || change.Media.Remote.Port() != 4100 || change.Media.DTMFType != 101 {
		t.Errorf("codec change: %+v", change.Media)
	}
}

func TestReInviteWithPort0KeepsTheCallSilent(t *testing.T) {
	t.Parallel()
	r := answer(t, head+"m=audio 4000 RTP/AVP 8\r\n", caps(), nil)
	gone := answer(t, head+"m=audio 0 RTP/AVP 8\r\n", caps(), r.Local)
	if !gone.Media.Hold || gone.Media.Direction != sdp.Inactive || gone.Media.Codec.Name != "PCMA" || gone.Media.Remote.IsValid() {
		t.Errorf("media %+v", gone.Media)
	}
	if !strings.Contains(string(gone.SDP), "m=audio 0 RTP/AVP 8\r\n") {
		t.Errorf("a stream with port 0 must be answered with port 0:\n%s", gone.SDP)
	}
	back := answer(t, head+"m=audio 4000 RTP/AVP 8\r\n", caps(), gone.Local)
	if back.Media.Direction != sdp.SendRecv || back.Local.Origin.Version != r.Local.Origin.Version+2 {
		t.Errorf("resume: %+v, %+v", back.Media, back.Local.Origin)
	}
}

func TestReInviteStaysOnTheSameStream(t *testing.T) {
	t.Parallel()
	r := answer(t, head+"m=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 0\r\n", caps(), nil)
	again := answer(t, head+"m=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\n", caps(), r.Local)
	if again.Media.Remote.Port() != 4002 {
		t.Errorf("moved to %v", again.Media.Remote)
	}
}

func TestReInviteFollowsTheAudioToAnotherStream(t *testing.T) {
	t.Parallel()
	r := answer(t, head+"m=audio 4000 RTP/AVP 0\r\n", caps(), nil)
	moved := answer(t, head+"m=audio 0 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\n", caps(), r.Local)
	if moved.Media.Remote.Port() != 4002 || moved.Media.Hold {
		t.Errorf("media %+v", moved.Media)
	}
}

func TestOurReOfferKeepsPlacesTypesAndTheCodecInUse(t *testing.T) {
	t.Parallel()
	r := answer(t, head+"m=video 6 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 110 0 96\r\na=rtpmap:110 L16/8000\r\n"+
		"a=rtpmap:96 telephone-event/8000\r\nm=image 8 udptl t38\r\n", caps(), nil)
	c := caps()
	c.Direction = sdp.SendOnly
	text := string(offer(t, c, r.Local).SDP)
	lines := mlines(text)
	if len(lines) != 3 || lines[0][0] != "video" || lines[0][1] != "0" || lines[2][0] != "image" || lines[2][1] != "0" {
		t.Fatalf("m-lines moved:\n%s", text)
	}
	if got := lines[1][3]; got != "110" {
		t.Errorf("codec in use is not first: %v", lines[1])
	}
	for _, want := range []string{"a=rtpmap:110 L16/8000\r\n", "a=rtpmap:96 telephone-event/8000\r\n", "a=sendonly\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "a=rtpmap:96 L16") {
		t.Errorf("a payload type changed its meaning:\n%s", text)
	}
	same := offer(t, c, offer(t, c, r.Local))
	if same.Origin.Version != r.Local.Origin.Version+1 {
		t.Errorf("an unchanged offer got version %d after %d", same.Origin.Version, r.Local.Origin.Version)
	}
}

func TestAcceptAnswerReadsWhatWasAgreed(t *testing.T) {
	t.Parallel()
	ours := offer(t, caps(), nil)
	m, err := sdp.AcceptAnswer(ours, []byte(head+"m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:40\r\n"), caps())
	if err != nil {
		t.Fatal(err)
	}
	if m.Codec.Name != "PCMA" || m.Codec.PT != 8 || m.DTMFType != 101 || m.Ptime != 40*time.Millisecond || m.Direction != sdp.SendRecv || m.Mux {
		t.Errorf("media %+v", m)
	}
	// Types that we named need no second rtpmap, and mux only counts when it was offered.
	m, err = sdp.AcceptAnswer(ours, []byte(head+"m=audio 4000 RTP/AVP 96 98\r\na=rtcp-mux\r\na=recvonly\r\n"), caps())
	if err != nil || m.Codec.String() != "L16/16000" || m.DTMFType != 98 || m.DTMFRate != 16000 || !m.Mux || m.Direction != sdp.SendOnly {
		t.Errorf("media %+v, %v", m, err)
	}
}

func TestAcceptAnswerOfOurHoldIsNotTheirHold(t *testing.T) {
	t.Parallel()
	c := caps()
	c.Direction = sdp.Inactive
	m, err := sdp.AcceptAnswer(offer(t, c, nil), []byte(head+"m=audio 4000 RTP/AVP 0\r\na=inactive\r\n"), c)
	if err != nil || m.Hold || m.Direction != sdp.Inactive {
		t.Errorf("media %+v, %v", m, err)
	}
	m, err = sdp.AcceptAnswer(offer(t, caps(), nil), []byte(head+"m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"), caps())
	if err != nil || !m.Hold || m.Direction != sdp.RecvOnly {
		t.Errorf("media %+v, %v", m, err)
	}
}

func TestAcceptAnswerRefusesWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	ours := offer(t, caps(), nil)
	tests := map[string]string{
		"nothing":               "",
		"no m-line":             head,
		"our audio refused":     head + "m=audio 0 RTP/AVP 0\r\n",
		"another kind of media": head + "m=video 4000 RTP/AVP 0\r\n",
		"another transport":     head + "m=audio 4000 RTP/SAVP 0\r\n",
		"a codec we have not":   head + "m=audio 4000 RTP/AVP 18\r\n",
		"a group address":       "v=0\r\nc=IN IP4 224.1.1.1\r\nm=audio 4000 RTP/AVP 0\r\n",
		"our own port":          "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 10000 RTP/AVP 0\r\n",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := sdp.AcceptAnswer(ours, []byte(text), caps())
			var no *sdp.Refusal
			if !errors.As(err, &no) {
				t.Errorf("media %+v, error %v", m, err)
			}
		})
	}
}

func TestOurAnswerIsAcceptedByOurOffer(t *testing.T) {
	t.Parallel()
	far := caps()
	far.Addr, far.Port, far.Own = netip.MustParseAddr("127.0.0.9"), 20000, nil
	slices.Reverse(far.Codecs)
	theirs := offer(t, far, nil)
	r := answer(t, string(theirs.SDP), caps(), nil)
	m, err := sdp.AcceptAnswer(theirs, r.SDP, far)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Codec.Same(r.Media.Codec) || m.DTMFType != r.Media.DTMFType || m.CNType != r.Media.CNType || m.Mux != r.Media.Mux || m.Ptime != r.Media.Ptime {
		t.Errorf("caller understands %+v, we %+v", m, r.Media)
	}
}
