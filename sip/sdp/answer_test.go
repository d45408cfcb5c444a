package sdp_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rms/sip/sdp"
)

const head = "v=0\r\no=alice 7 7 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n"

func answer(t *testing.T, offer string, c sdp.Caps, prev *sdp.Local) *sdp.Result {
	t.Helper()
	r, err := sdp.Answer([]byte(offer), c, prev)
	if err != nil {
		t.Fatalf("%v\n%s", err, offer)
	}
	checkAnswer(t, []byte(offer), r, c)
	return r
}

func refusal(t *testing.T, offer string, c sdp.Caps) *sdp.Refusal {
	t.Helper()
	r, err := sdp.Answer([]byte(offer), c, nil)
	var no *sdp.Refusal
	if !errors.As(err, &no) {
		t.Fatalf("want a refusal, got %v:\n%s", err, offer)
	}
	if r != nil {
		t.Errorf("a refusal comes with a result")
	}
	return no
}

func TestAnswerIsTheWholeExpectedText(t *testing.T) {
	t.Parallel()
	prev := &sdp.Local{Origin: sdp.Origin{ID: 42, Version: 3}}
	r := answer(t, head+"m=audio 4000 RTP/AVP 18 8 0 101 13\r\na=rtpmap:18 G729/8000\r\n"+
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:30\r\n", caps(), prev)
	want := "v=0\r\no=- 42 3 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		"m=audio 10000 RTP/AVP 8 101 13\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n" +
		"a=fmtp:101 0-15\r\na=rtpmap:13 CN/8000\r\na=ptime:30\r\na=sendrecv\r\n"
	if string(r.SDP) != want {
		t.Errorf("got\n%s\nwant\n%s", r.SDP, want)
	}
	m := r.Media
	if m.Codec.Name != "PCMA" || m.Codec.PT != 8 || m.DTMFType != 101 || m.DTMFRate != 8000 || m.CNType != 13 {
		t.Errorf("media %+v", m)
	}
	if m.Remote.String() != "127.0.0.2:4000" || m.RemoteRTCP.String() != "127.0.0.2:4001" || m.Ptime != 30*time.Millisecond {
		t.Errorf("media %+v", m)
	}
}

func TestAnswerTakesTheFirstCodecOfTheOffer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		formats, maps string
		want          string
		pt            uint8
		dtmf          uint8
		dtmfRate      int
	}{
		"static types without rtpmap":           {"9 8 0", "", "G722/8000", 9, 0, 0},
		"unknown static types are passed over":  {"3 18 4 8", "", "PCMA/8000", 8, 0, 0},
		"dynamic number for a static codec":     {"118", "a=rtpmap:118 pcmu/8000/1\r\n", "PCMU/8000", 118, 0, 0},
		"dynamic without rtpmap is passed over": {"96 97 0", "", "PCMU/8000", 0, 0, 0},
		"rtpmap overrides a static type":        {"0 8", "a=rtpmap:0 OPUS/48000/2\r\n", "PCMA/8000", 8, 0, 0},
		"broken rtpmap hides its type":          {"0 8", "a=rtpmap:0 rubbish\r\n", "PCMA/8000", 8, 0, 0},
		"L16 at 16 kHz with its own events": {
			"120 100 101", "a=rtpmap:120 L16/16000\r\na=rtpmap:100 telephone-event/8000\r\na=rtpmap:101 telephone-event/16000\r\n",
			"L16/16000", 120, 101, 16000,
		},
		"L16 at 16 kHz with events at 8 kHz only": {
			"120 100", "a=rtpmap:120 L16/16000/1\r\na=rtpmap:100 telephone-event/8000\r\n", "L16/16000", 120, 100, 8000,
		},
		"G.722 has an 8 kHz clock": {
			"9 100 101", "a=rtpmap:100 telephone-event/16000\r\na=rtpmap:101 telephone-event/8000\r\n", "G722/8000", 9, 101, 8000,
		},
		"G722/16000 is a known mistake":      {"9", "a=rtpmap:9 G722/16000\r\n", "G722/8000", 9, 0, 0},
		"stereo L16 is not ours":             {"10 11 0", "", "PCMU/8000", 0, 0, 0},
		"payload types over 127 are ignored": {"128 999 0", "", "PCMU/8000", 0, 0, 0},
		"a type listed twice":                {"0 0 0", "", "PCMU/8000", 0, 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := answer(t, head+"m=audio 4000 RTP/AVP "+test.formats+"\r\n"+test.maps, caps(), nil).Media
			if m.Codec.String() != test.want || m.Codec.PT != test.pt {
				t.Errorf("codec %v with payload type %d, want %s with %d", m.Codec, m.Codec.PT, test.want, test.pt)
			}
			if m.DTMFType != test.dtmf || m.DTMFRate != test.dtmfRate {
				t.Errorf("telephone-event %d at %d Hz, want %d at %d", m.DTMFType, m.DTMFRate, test.dtmf, test.dtmfRate)
			}
		})
	}
}

func TestAnswerDirectionFollowsRFC3264(t *testing.T) {
	t.Parallel()
	const zero = "v=0\r\no=- 7 7 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	const audio = "m=audio 4000 RTP/AVP 0\r\n"
	tests := map[string]struct {
		offer string
		want  sdp.Direction
		ours  sdp.Direction
		hold  bool
	}{
		"none means sendrecv":               {head + audio, sdp.SendRecv, sdp.SendRecv, false},
		"sendonly":                          {head + audio + "a=sendonly\r\n", sdp.RecvOnly, sdp.SendRecv, true},
		"recvonly":                          {head + audio + "a=recvonly\r\n", sdp.SendOnly, sdp.SendRecv, false},
		"inactive":                          {head + audio + "a=inactive\r\n", sdp.Inactive, sdp.SendRecv, true},
		"at session level":                  {head + "a=sendonly\r\n" + audio, sdp.RecvOnly, sdp.SendRecv, true},
		"the media level wins":              {head + "a=inactive\r\n" + audio + "a=sendrecv\r\n", sdp.SendRecv, sdp.SendRecv, false},
		"the zero address":                  {zero + audio, sdp.RecvOnly, sdp.SendRecv, true},
		"the zero address and inactive":     {zero + audio + "a=inactive\r\n", sdp.Inactive, sdp.SendRecv, true},
		"the zero address and recvonly":     {zero + audio + "a=recvonly\r\n", sdp.Inactive, sdp.SendRecv, true},
		"we only want to send":              {head + audio, sdp.SendOnly, sdp.SendOnly, false},
		"we only want to send, on hold":     {head + audio + "a=sendonly\r\n", sdp.Inactive, sdp.SendOnly, true},
		"we hold":                           {head + audio, sdp.Inactive, sdp.Inactive, false},
		"another stream's direction is its": {head + audio + "m=video 6 RTP/AVP 31\r\na=inactive\r\n", sdp.SendRecv, sdp.SendRecv, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := caps()
			c.Direction = test.ours
			r := answer(t, test.offer, c, nil)
			if r.Media.Direction != test.want || r.Media.Hold != test.hold {
				t.Errorf("%v, hold %v; want %v, %v", r.Media.Direction, r.Media.Hold, test.want, test.hold)
			}
			if !strings.Contains(string(r.SDP), "\r\na="+test.want.String()+"\r\n") {
				t.Errorf("answer does not say %v:\n%s", test.want, r.SDP)
			}
		})
	}
}

func TestAnswerPtimeIsCapped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		formats, attributes string
		want                time.Duration
	}{
		"none":                       {"0", "", 20 * time.Millisecond},
		"ten":                        {"0", "a=ptime:10\r\n", 10 * time.Millisecond},
		"sixty":                      {"0", "a=ptime:60\r\n", 60 * time.Millisecond},
		"huge":                       {"0", "a=ptime:100000\r\n", 60 * time.Millisecond},
		"over 32 bits":               {"0", "a=ptime:99999999999999999999\r\n", 20 * time.Millisecond},
		"not a multiple of ten":      {"0", "a=ptime:35\r\n", 30 * time.Millisecond},
		"below ten":                  {"0", "a=ptime:1\r\n", 10 * time.Millisecond},
		"zero":                       {"0", "a=ptime:0\r\n", 20 * time.Millisecond},
		"negative":                   {"0", "a=ptime:-20\r\n", 20 * time.Millisecond},
		"garbage":                    {"0", "a=ptime:abc\r\n", 20 * time.Millisecond},
		"with a fraction":            {"0", "a=ptime:30.5\r\n", 30 * time.Millisecond},
		"maxptime alone":             {"0", "a=maxptime:10\r\n", 10 * time.Millisecond},
		"maxptime below ptime":       {"0", "a=ptime:40\r\na=maxptime:30\r\n", 30 * time.Millisecond},
		"maxptime above":             {"0", "a=maxptime:240\r\n", 20 * time.Millisecond},
		"wide L16 fits one datagram": {"96", "a=rtpmap:96 L16/16000\r\na=ptime:60\r\n", 40 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := answer(t, head+"m=audio 4000 RTP/AVP "+test.formats+"\r\n"+test.attributes, caps(), nil).Media
			if m.Ptime != test.want {
				t.Errorf("ptime %v, want %v", m.Ptime, test.want)
			}
		})
	}
}

func TestAnswerRTCPAddress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		attributes, rtcp string
		mux              bool
	}{
		"the next port":                     {"", "127.0.0.2:4001", false},
		"rtcp-mux":                          {"a=rtcp-mux\r\n", "127.0.0.2:4000", true},
		"rtcp-mux goes before a=rtcp":       {"a=rtcp:5000\r\na=rtcp-mux\r\n", "127.0.0.2:4000", true},
		"a=rtcp with a port":                {"a=rtcp:5000\r\n", "127.0.0.2:5000", false},
		"a=rtcp with an address":            {"a=rtcp:5000 IN IP4 127.0.0.9\r\n", "127.0.0.9:5000", false},
		"a=rtcp with a bad port":            {"a=rtcp:70000\r\n", "127.0.0.2:4001", false},
		"a=rtcp to a group is ignored":      {"a=rtcp:5000 IN IP4 224.1.1.1\r\n", "127.0.0.2:4001", false},
		"a=rtcp to the other IP family":     {"a=rtcp:5000 IN IP6 ::1\r\n", "127.0.0.2:4001", false},
		"a=rtcp to our own port is dropped": {"a=rtcp:10001 IN IP4 127.0.0.1\r\n", "invalid AddrPort", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := answer(t, head+"m=audio 4000 RTP/AVP 0\r\n"+test.attributes, caps(), nil)
			if r.Media.RemoteRTCP.String() != test.rtcp || r.Media.Mux != test.mux {
				t.Errorf("RTCP to %v, mux %v; want %s, %v", r.Media.RemoteRTCP, r.Media.Mux, test.rtcp, test.mux)
			}
			if strings.Contains(string(r.SDP), "a=rtcp-mux") != test.mux {
				t.Errorf("a=rtcp-mux in the answer is not %v:\n%s", test.mux, r.SDP)
			}
		})
	}
}

func TestAnswerLeavesMuxOutWhenWeCannot(t *testing.T) {
	t.Parallel()
	c := caps()
	c.Mux, c.RTCPPort = false, 20001
	r := answer(t, head+"m=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\n", c, nil)
	if r.Media.Mux || strings.Contains(string(r.SDP), "rtcp-mux") || r.Media.RemoteRTCP.Port() != 4001 {
		t.Errorf("media %+v\n%s", r.Media, r.SDP)
	}
	if !strings.Contains(string(r.SDP), "a=rtcp:20001\r\n") {
		t.Errorf("an RTCP port that is not the next one must be named:\n%s", r.SDP)
	}
}

func TestAnswerRefusesEachOtherStreamInItsPlace(t *testing.T) {
	t.Parallel()
	offer := head + "m=image 5000 udptl t38\r\nm=video 5002 RTP/AVP 31 99\r\na=rtpmap:99 H264/90000\r\n" +
		"m=audio 5004 RTP/SAVP 0\r\nm=audio 5006 RTP/AVP 0\r\nm=audio 5008 RTP/AVP 8\r\n" +
		"m=application 5010 UDP/DTLS/SCTP webrtc-datachannel\r\nm=message 5012 TCP/MSRP *\r\n"
	r := answer(t, offer, caps(), nil)
	want := []string{
		"m=image 0 udptl t38", "m=video 0 RTP/AVP 31 99", "m=audio 0 RTP/SAVP 0", "m=audio 10000 RTP/AVP 0",
		"m=audio 0 RTP/AVP 8", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "m=message 0 TCP/MSRP *",
	}
	var got []string
	for line := range strings.SplitSeq(string(r.SDP), "\r\n") {
		if strings.HasPrefix(line, "m=") {
			got = append(got, line)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnswerIgnoresICEAndProxyAttributes(t *testing.T) {
	t.Parallel()
	r := answer(t, "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=SIP Media Capabilities\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n"+
		"a=ice-lite\r\na=group:BUNDLE 0\r\na=msid-semantic: WMS *\r\nm=audio 4000 RTP/AVPF 8 0\r\na=mid:0\r\n"+
		"a=ice-ufrag:aaaa\r\na=ice-pwd:bbbbbbbbbbbbbbbbbbbbbb\r\na=candidate:1 1 UDP 2130706431 127.0.0.2 4000 typ host\r\n"+
		"a=end-of-candidates\r\na=rtcp-fb:* nack\r\na=ssrc:1 cname:x\r\na=rtcp:4001\r\na=rtcp-mux\r\na=sendrecv\r\n"+
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\nb=AS:64\r\n", caps(), nil)
	for _, no := range []string{"ice", "candidate", "BUNDLE", "mid", "crypto", "ssrc", "msid", "rtcp-fb"} {
		if strings.Contains(string(r.SDP), no) {
			t.Errorf("answer repeats %q:\n%s", no, r.SDP)
		}
	}
	if !strings.Contains(string(r.SDP), "m=audio 10000 RTP/AVPF 8\r\n") {
		t.Errorf("transport of the answer is not the offer's:\n%s", r.SDP)
	}
}

func TestAnswerKeepsTheOffersTime(t *testing.T) {
	t.Parallel()
	for offered, want := range map[string]string{"t=3338481189 3370017201\r\n": "3338481189 3370017201", "": "0 0", "t=a b\r\n": "0 0", "t=1\r\n": "0 0"} {
		r := answer(t, "v=0\r\nc=IN IP4 127.0.0.2\r\n"+offered+"m=audio 4000 RTP/AVP 0\r\n", caps(), nil)
		if !strings.Contains(string(r.SDP), "\r\nt="+want+"\r\n") {
			t.Errorf("%q answered with\n%s", offered, r.SDP)
		}
	}
}

func TestAnswerReadsWhatIsOnlyUntidy(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"LF only":                     "v=0\no=- 1 1 IN IP4 127.0.0.2\ns=-\nc=IN IP4 127.0.0.2\nt=0 0\nm=audio 4000 RTP/AVP 0\n",
		"no s= and t= and o=":         "v=0\r\nc=IN IP4 127.0.0.2\r\nm=audio 4000 RTP/AVP 0\r\n",
		"blanks at line ends":         "v=0 \r\no=- 1 1 IN IP4 127.0.0.2  \r\ns= \r\nc=IN IP4 127.0.0.2\t\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 \r\n",
		"a= before c=":                "v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\na=x\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
		"a space in the o= user":      "v=0\r\no=Bob Smith 1 1 IN IP4 1.1.1.1\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
		"a negative o= version":       "v=0\r\no=- 1 -1 IN IP4 1.1.1.1\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
		"empty lines":                 "\r\nv=0\r\n\r\nc=IN IP4 127.0.0.2\r\nm=audio 4000 RTP/AVP 0\r\n\r\n",
		"a TTL in c=":                 "v=0\r\nc=IN IP4 127.0.0.2/127\r\nm=audio 4000 RTP/AVP 0\r\n",
		"attribute names in capitals": "v=0\r\nc=IN IP4 127.0.0.2\r\nm=AUDIO 4000 rtp/avp 96\r\na=RTPMAP:96 pcmu/8000\r\n",
		"a session id of 24 digits":   "v=0\r\no=- 123456789012345678901234 1 IN IP4 1.1.1.1\r\nc=IN IP4 127.0.0.2\r\nm=audio 4000 RTP/AVP 0\r\n",
		"an o= of nothing":            "v=0\r\no=\r\nc=IN IP4 127.0.0.2\r\nm=audio 4000 RTP/AVP 0\r\n",
		"lines in any order":          "v=0\r\nt=0 0\r\na=tool:x\r\nb=AS:64\r\nc=IN IP4 127.0.0.2\r\ns=-\r\nm=audio 4000 RTP/AVP 0\r\na=ptime:20\r\nb=AS:64\r\nt=0 0\r\n",
		"lines that nobody knows":     "v=0\r\nx=1\r\nb=NONSENSE\r\nu=::\r\nr=\r\nz=x\r\nc=IN IP4 127.0.0.2\r\nm=audio 4000 RTP/AVP 0\r\ny=2\r\n",
		"a CR within a line":          "v=0\r\ns=a\rb\r\nc=IN\rIP4 127.0.0.2\r\nm=audio 4000\rRTP/AVP 0 96\r\na=rtpmap:96\rL16/16000\r\n",
		"an m-line of odd words":      "v=0\r\nc=IN IP4 127.0.0.2\r\nm=x-chat/1 7 x/y/z q\r\nm=audio 4000/2 RTP/AVP 0\r\n",
		"a hundred fields in o= and m=": "v=0\r\no=" + strings.Repeat(" 1", 100) + "\r\nc=IN IP4 127.0.0.2\r\nm=audio 4000 RTP/AVP 0" +
			strings.Repeat(" 18", 97) + "\r\n",
		"4000 attributes that nobody reads": "v=0\r\nc=IN IP4 127.0.0.2\r\n" + strings.Repeat("a=x:y\r\n", 2000) + "m=audio 4000 RTP/AVP 0\r\n" +
			strings.Repeat("a=x:y\r\n", 2000),
		"a NUL at the end": "v=0\r\nc=IN IP4 127.0.0.2\r\nm=audio 4000 RTP/AVP 0\r\n\x00",
	}
	for name, offer := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m := answer(t, offer, caps(), nil).Media; m.Remote.String() != "127.0.0.2:4000" || m.Codec.Name != "PCMU" {
				t.Errorf("media %+v", m)
			}
		})
	}
}

func TestAnswerUsesTheConnectionOfTheMedia(t *testing.T) {
	t.Parallel()
	r := answer(t, "v=0\r\nc=IN IP4 127.0.0.3\r\nm=video 6 RTP/AVP 31\r\nc=IN IP4 127.0.0.4\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 127.0.0.2\r\n", caps(), nil)
	if r.Media.Remote.String() != "127.0.0.2:4000" {
		t.Errorf("remote %v", r.Media.Remote)
	}
}

func TestAnswerSpeaksIPv6(t *testing.T) {
	t.Parallel()
	c := caps()
	c.Addr = netip.MustParseAddr("::1")
	r := answer(t, "v=0\r\no=- 1 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n", c, nil)
	if r.Media.Remote.String() != "[2001:db8::9]:4000" || !strings.Contains(string(r.SDP), "\r\nc=IN IP6 ::1\r\n") {
		t.Errorf("media %+v\n%s", r.Media, r.SDP)
	}
	mapped := answer(t, "v=0\r\nc=IN IP6 ::ffff:127.0.0.2\r\nm=audio 4000 RTP/AVP 0\r\n", caps(), nil)
	if mapped.Media.Remote.String() != "127.0.0.2:4000" {
		t.Errorf("an IPv4 address in IPv6 dress goes to %v", mapped.Media.Remote)
	}
}

func BenchmarkAnswer(b *testing.B) {
	offer := []byte(head + "m=audio 4000 RTP/AVP 18 8 0 101 13\r\na=rtpmap:18 G729/8000\r\n" +
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:30\r\n")
	c := caps()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sdp.Answer(offer, c, nil); err != nil {
			b.Fatal(err)
		}
	}
}
