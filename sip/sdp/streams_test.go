package sdp_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"rms/sip/sdp"
)

func recorder() sdp.Caps {
	return sdp.Caps{
		Codecs: []sdp.Codec{{Name: "PCMU", ClockRate: 8000}, {Name: "PCMA", PT: 8, ClockRate: 8000}}, DTMF: true,
		Addr: netip.MustParseAddr("192.0.2.9"), Direction: sdp.RecvOnly, Mux: true,
	}
}

const preface = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=1 2\r\n"

func TestStreamsAreAnsweredInTheirOrder(t *testing.T) {
	t.Parallel()
	offer := preface +
		"m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=label:one\r\na=sendonly\r\n" +
		"m=video 4002 RTP/AVP 96\r\na=label:v\r\n" +
		"m=audio 0 RTP/AVP 0\r\na=label:gone\r\n" +
		"m=audio 4004 RTP/AVP 18\r\na=label:g729\r\n" +
		"m=audio 4006 RTP/AVP 0\r\na=label:bad label\r\n" +
		"m=audio 4008 RTP/AVP 0\r\na=inactive\r\na=rtcp-mux\r\n"
	s, err := sdp.ReadStreams([]byte(offer), recorder(), false)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.List) != 6 {
		t.Fatalf("%d streams", len(s.List))
	}
	for i, open := range []bool{true, false, false, false, true, true} {
		if s.List[i].Open() != open {
			t.Errorf("stream %d: open %v", i, !open)
		}
		s.List[i].Port = 10000 + 2*i // of those that are refused too: it must not show
	}
	s.List[0].RTCPPort = 20000
	if err := s.Answer(nil); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.SplitSeq(string(s.Local.SDP), "\r\n") {
		if strings.HasPrefix(line, "m=") || strings.HasPrefix(line, "a=label") || strings.HasPrefix(line, "a=recv") ||
			strings.HasPrefix(line, "a=inac") || strings.HasPrefix(line, "a=send") || strings.HasPrefix(line, "t=") || strings.HasPrefix(line, "a=rtcp") {
			lines = append(lines, line)
		}
	}
	want := "t=1 2|m=audio 10000 RTP/AVP 8 101|a=recvonly|a=rtcp:20000|a=label:one|m=video 0 RTP/AVP 96|m=audio 0 RTP/AVP 0|" +
		"m=audio 0 RTP/AVP 18|m=audio 10008 RTP/AVP 0|a=recvonly|m=audio 10010 RTP/AVP 0|a=inactive|a=rtcp-mux"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("answer\n%s\nwant\n%s", got, want)
	}
	if m := s.List[0].Media; m.Remote != netip.MustParseAddrPort("192.0.2.1:4000") || m.DTMFType != 101 || m.Direction != sdp.RecvOnly {
		t.Errorf("stream 0 is %+v", m)
	}
}

func TestVersionGoesUpOnlyWithTheText(t *testing.T) {
	t.Parallel()
	answer := func(attribute string, prev *sdp.Local) *sdp.Local {
		s, err := sdp.ReadStreams([]byte(preface+"m=audio 4000 RTP/AVP 0\r\na="+attribute+"\r\n"), recorder(), prev != nil)
		if err != nil {
			t.Fatal(err)
		}
		s.List[0].Port = 10000
		if err := s.Answer(prev); err != nil {
			t.Fatal(err)
		}
		return s.Local
	}
	first := answer("sendonly", nil)
	same := answer("sendonly", first)
	changed := answer("inactive", same)
	if string(first.SDP) != string(same.SDP) || same.Origin != first.Origin {
		t.Error("the same answer has another version")
	}
	if changed.Origin.ID != first.Origin.ID || changed.Origin.Version != first.Origin.Version+1 {
		t.Errorf("origin %+v after %+v", changed.Origin, first.Origin)
	}
}

func TestOffersWithoutAStreamAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		offer   string
		changes bool
		code    int
	}{
		"nothing":          {preface, false, 400},
		"no audio":         {preface + "m=video 4000 RTP/AVP 96\r\n", false, 488},
		"all closed":       {preface + "m=audio 0 RTP/AVP 0\r\n", false, 488},
		"all closed later": {preface + "m=audio 0 RTP/AVP 0\r\n", true, 0},
		"no codec":         {preface + "m=audio 4000 RTP/AVP 18\r\nm=audio 4002 RTP/AVP 18\r\n", false, 488},
		"no codec later":   {preface + "m=audio 4000 RTP/AVP 18\r\nm=audio 0 RTP/AVP 0\r\n", true, 488},
		"encrypted":        {preface + "m=audio 4000 RTP/SAVP 0\r\n", false, 488},
		"1,000 m-lines":    {preface + strings.Repeat("m=audio 4000 RTP/AVP 0\r\n", 1000), false, 488},
		"garbage":          {"hello", false, 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sdp.ReadStreams([]byte(c.offer), recorder(), c.changes)
			var no *sdp.Refusal
			code := 0
			if errors.As(err, &no) {
				code = no.Code
			}
			if code != c.code {
				t.Errorf("got %v, want %d", err, c.code)
			}
		})
	}
}

func FuzzStreams(f *testing.F) {
	f.Add(preface + "m=audio 4000 RTP/AVP 0\r\na=label:1\r\nm=audio 4002 RTP/AVP 8\r\na=label:2\r\n")
	f.Add(preface + "m=audio 0 RTP/AVP 0\r\nm=image 4002 udptl t38\r\n")
	f.Fuzz(func(t *testing.T, offer string) {
		s, err := sdp.ReadStreams([]byte(offer), recorder(), true)
		if err != nil {
			return
		}
		for i := range s.List {
			s.List[i].Port = 10000 + 2*i
		}
		if err := s.Answer(nil); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count("\n"+string(s.Local.SDP), "\nm="); got != len(s.List) {
			t.Fatalf("%d m-lines in the answer to %d:\n%s", got, len(s.List), s.Local.SDP)
		}
		if _, err := sdp.ReadStreams(s.Local.SDP, recorder(), true); err != nil {
			t.Fatalf("our answer cannot be read: %v\n%s", err, s.Local.SDP)
		}
	})
}
