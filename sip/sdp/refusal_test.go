package sdp_test

import (
	"net/netip"
	"strings"
	"testing"

	"rms/sip/sdp"
)

func TestRefusalSaysCodeWarningAndPlace(t *testing.T) {
	t.Parallel()
	const c = "v=0\r\nc=IN IP4 127.0.0.2\r\n"
	tests := map[string]struct {
		offer string
		code  int
		warn  string
		text  string
	}{
		"no common codec":             {c + "m=audio 4 RTP/AVP 18 3\r\n", 488, "305", "offered G729/8000, GSM/8000, we have PCMU/8000"},
		"no format at all":            {c + "m=audio 4 RTP/AVP\r\n", 488, "305", "no common codec"},
		"only events":                 {c + "m=audio 4 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n", 488, "305", "no common codec"},
		"SRTP is never answered open": {c + "m=audio 4 RTP/SAVP 0\r\n", 488, "304", "transport RTP/SAVP"},
		"DTLS":                        {c + "m=audio 4 UDP/TLS/RTP/SAVPF 0\r\n", 488, "304", "transport UDP/TLS/RTP/SAVPF"},
		"TCP":                         {c + "m=audio 4 TCP/RTP/AVP 0\r\n", 488, "304", "transport"},
		"fax only":                    {c + "m=image 4 udptl t38\r\n", 488, "304", "m=image is not audio"},
		"video only":                  {c + "m=video 4 RTP/AVP 31\r\n", 488, "304", "m=video is not audio"},
		"multicast":                   {"v=0\r\nc=IN IP4 239.1.1.1/127\r\nm=audio 4 RTP/AVP 0\r\n", 488, "304", "239.1.1.1"},
		"IPv6 multicast":              {"v=0\r\nc=IN IP6 ff02::1\r\nm=audio 4 RTP/AVP 0\r\n", 488, "304", "ff02::1"},
		"broadcast":                   {"v=0\r\nc=IN IP4 255.255.255.255\r\nm=audio 4 RTP/AVP 0\r\n", 488, "304", "255.255.255.255"},
		"mapped broadcast":            {"v=0\r\nc=IN IP6 ::ffff:255.255.255.255\r\nm=audio 4 RTP/AVP 0\r\n", 488, "304", "255.255.255.255"},
		"this network":                {"v=0\r\nc=IN IP4 0.0.0.1\r\nm=audio 4 RTP/AVP 0\r\n", 488, "304", "0.0.0.1"},
		"link-local IPv6":             {"v=0\r\nc=IN IP6 fe80::1\r\nm=audio 4 RTP/AVP 0\r\n", 488, "304", "fe80::1"},
		"a host name":                 {"v=0\r\nc=IN IP4 host.example.com\r\nm=audio 4 RTP/AVP 0\r\n", 488, "304", "host.example.com"},
		"the other IP family":         {"v=0\r\nc=IN IP6 ::1\r\nm=audio 4 RTP/AVP 0\r\n", 488, "304", "::1"},
		"our own RTP port":            {"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 10000 RTP/AVP 0\r\n", 488, "304", "is our own"},
		"audio with port 0":           {c + "m=audio 0 RTP/AVP 0\r\n", 488, "304", "port 0"},
		"port 65536":                  {c + "m=audio 65536 RTP/AVP 0\r\n", 400, "399", "line 3: m=audio port '65536'"},
		"port -1":                     {c + "m=audio -1 RTP/AVP 0\r\n", 400, "399", "line 3"},
		"port of letters":             {c + "m=audio $ RTP/AVP 0\r\n", 400, "399", "line 3"},
		"m= without transport":        {c + "m=audio 4\r\n", 400, "399", "line 3: m=audio 4 needs"},
		"no c= anywhere":              {"v=0\r\nm=audio 4 RTP/AVP 0\r\n", 400, "399", "line 2: no c= line"},
		"c= too short":                {"v=0\r\nc=IN IP4\r\nm=audio 4 RTP/AVP 0\r\n", 400, "399", "line 3: c=IN IP4 is not"},
		"c= of another network":       {"v=0\r\nc=ATM NSAP 47.0\r\nm=audio 4 RTP/AVP 0\r\n", 400, "399", "c=ATM"},
		"no m= line":                  {c, 400, "399", "no m= line"},
		"nothing":                     {" \r\n", 400, "399", "empty"},
		"not SDP":                     {"<xml/>\r\n", 400, "399", "line 1: '<xml/>' is not of the form"},
		"version 1":                   {"v=1\r\n", 400, "399", "line 1: a description starts with v=0"},
		"binary":                      {"\xff\xfe\x00\x01", 400, "399", "line 1"},
		"65 m-lines":                  {c + strings.Repeat("m=audio 4 RTP/AVP 0\r\n", 65), 488, "304", "more than 64 m-lines"},
		"1025 attributes that count":  {c + "m=audio 4 RTP/AVP 0\r\n" + strings.Repeat("a=ptime:20\r\n", 1025), 488, "399", "more than 1024 attributes"},
		"a codec past 256 formats":    {c + "m=audio 4 RTP/AVP" + strings.Repeat(" 18", 256) + " 0\r\n", 488, "305", "offered G729/8000, we have"},
		"over 64 KiB":                 {c + "a=" + strings.Repeat("x", 1<<16), 413, "399", "64 KiB"},
		"a crafted name cannot break the header": {
			c + "m=audio 4 RTP/AVP 96\r\na=rtpmap:96 \"\\evil\x01\xff/8000\r\n", 488, "305", "''evil??/8000",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			no := refusal(t, test.offer, caps())
			if no.Code != test.code || !strings.HasPrefix(no.Warning, test.warn+` rms "`) || !strings.Contains(no.Error(), test.text) {
				t.Errorf("got %v, warning %s; want %d, %s, %q", no, no.Warning, test.code, test.warn, test.text)
			}
			if len(no.Warning) > 260 || strings.Count(no.Warning, `"`) != 2 || strings.ContainsAny(no.Warning, "\r\n\\") {
				t.Errorf("not a header value: %q", no.Warning)
			}
		})
	}
}

func TestAnswerSkipsWhatItCannotUseForAnAudioThatItCan(t *testing.T) {
	t.Parallel()
	r := answer(t, "v=0\r\nc=IN IP4 127.0.0.2\r\nm=audio 4 RTP/AVP 18\r\nm=audio 6 RTP/AVP 0\r\nc=IN IP4 224.1.1.1\r\nm=audio 8 RTP/AVP 0\r\n", caps(), nil)
	if r.Media.Remote.Port() != 8 {
		t.Errorf("remote %v", r.Media.Remote)
	}
}

func TestRemoteFindsTheMediaAddress(t *testing.T) {
	t.Parallel()
	at, err := sdp.Remote([]byte(head + "m=video 6 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0\r\n"))
	if err != nil || at != netip.MustParseAddrPort("127.0.0.2:4000") {
		t.Errorf("%v, %v", at, err)
	}
	if at, err = sdp.Remote([]byte("v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n")); err != nil || at.IsValid() {
		t.Errorf("hold: %v, %v", at, err)
	}
	for _, bad := range []string{"", "v=0\r\n", head + "m=video 6 RTP/AVP 31\r\n", head + "m=audio x RTP/AVP 0\r\n"} {
		if _, err := sdp.Remote([]byte(bad)); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}
