package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const okAnswer = "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx;rport=5\r\n" +
	"Record-Route: <sip:a;lr>, \"x, y\" <sip:b;lr>\r\nRECORD-ROUTE: <sip:c>\r\n" +
	"f: <sip:l@h>;tag=1\r\nt: \"B;tag=no\" <sip:b@h;tag=no>;x=y;\r\n Tag=yes\r\ni: id@h\r\nCSeq:  1  INVITE \r\n" +
	"m: <sip:srv@10.0.0.1:5070;line=sr-x>;expires=5, <sip:other@h>\r\nl: 4\r\n\r\nbodyEXTRA"

func TestAnswerIsReadTolerantly(t *testing.T) {
	for name, text := range map[string]string{"crlf": okAnswer, "lf": strings.ReplaceAll(okAnswer, "\r\n", "\n"), "leading blank": "\r\n\r\n" + okAnswer} {
		m, err := parseMessage([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m.code != 200 || m.method != "INVITE" || m.cseqNumber != 1 || m.callID != "id@h" || string(m.body) != "body" {
			t.Errorf("%s: %+v", name, m)
		}
		if tagOf(m.to) != "yes" || tagOf(m.from) != "1" || m.viaBranch() != "z9hG4bKx" {
			t.Errorf("%s: to %q branch %q", name, m.to, m.viaBranch())
		}
		if strings.Join(m.routes, "|") != `<sip:a;lr>|"x, y" <sip:b;lr>|<sip:c>` || m.contact != "<sip:srv@10.0.0.1:5070;line=sr-x>;expires=5" {
			t.Errorf("%s: routes %q contact %q", name, m.routes, m.contact)
		}
	}
}

func TestWhatIsNoSIPIsRefused(t *testing.T) {
	for _, text := range []string{
		"", "\r\n\r\n", "SIP/2.0 200 OK\r\n", "SIP/2.0 99 Low\r\nCall-ID: a\r\nCSeq: 1 X\r\n\r\n", "SIP/2.0 2x0 OK\r\n\r\n",
		"IN(VITE sip:a SIP/2.0\r\nCall-ID: a\r\n\r\n", "GET / HTTP/1.1\r\nCall-ID: x\r\n\r\n", "OPTIONS sip:a SIP/2.0\r\nFrom: x\r\n\r\n",
		strings.Repeat("x", maxMessage+1),
	} {
		if m, err := parseMessage([]byte(text)); err == nil {
			t.Errorf("%.40q was taken as %+v", text, m)
		}
	}
}

func TestHeadersAndRoutesAreBounded(t *testing.T) {
	b := "SIP/2.0 200 OK\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n" + strings.Repeat("Record-Route: <sip:a;lr>\r\n", 1000) + "\r\n"
	m, err := parseMessage([]byte(b))
	if err != nil || len(m.routes) > maxRoutes {
		t.Errorf("%d routes, %v", len(m.routes), err)
	}
}

func TestStreamIsCutIntoMessages(t *testing.T) {
	one := "OPTIONS sip:a SIP/2.0\r\nContent-Length: 3\r\n\r\nabc"
	stream := []byte("\r\n" + one + one)
	msg, used, err := cutStream(stream)
	if err != nil || string(msg) != one || used != len(one)+2 {
		t.Fatalf("%q %d %v", msg, used, err)
	}
	if _, used, err = cutStream(stream[:len(one)]); used != 0 || err != nil {
		t.Errorf("half a message: %d %v", used, err)
	}
	for _, length := range []string{"-1", "99999999999999999999", "65536", "x"} {
		if _, _, err = cutStream([]byte("OPTIONS sip:a SIP/2.0\r\nl: " + length + "\r\n\r\n")); err == nil {
			t.Errorf("Content-Length %s was believed", length)
		}
	}
	if _, _, err = cutStream(make([]byte, maxMessage+2)); err == nil {
		t.Error("an endless header was waited for")
	}
}

func TestURIsAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"sip:loop@127.0.0.1:5070":        "127.0.0.1:5070",
		"sip:loop@127.0.0.1":             "127.0.0.1:5060",
		"SIP:host.example":               "host.example:5060",
		"sip:a@[::1]:5080;transport=udp": "[::1]:5080",
		"sip:a@[::1]":                    "[::1]:5060",
		"sip:a:b@c@h:1;lr?x=y@z":         "h:1",
	} {
		u, err := parseURI(text)
		if err != nil || u.hostPort() != want {
			t.Errorf("%s leads to %q (%v), want %q", text, u.hostPort(), err, want)
		}
	}
	for _, text := range []string{"", "sip:", "sip:a@", "tel:+1", "sips:a@b", "127.0.0.1", "sip:a@b:0", "sip:a@b:99999", "sip:a b@c", "<sip:a@b>", "sip:a@b\r\nX: y", "sip:" + strings.Repeat("a", maxURI)} {
		if u, err := parseURI(text); err == nil {
			t.Errorf("%.40q was taken as %+v", text, u)
		}
	}
	u, err := addressURI(`"a <b" <sip:x@h;lr=on>;p`)
	if err != nil || !u.loose || u.text != "sip:x@h;lr=on" {
		t.Errorf("%+v %v", u, err)
	}
}

func TestAnswerSDPIsRead(t *testing.T) {
	const sdp = "v=0\r\nc=IN IP4 9.9.9.9\r\nm=video 0 RTP/AVP 31\r\nc=IN IP4 8.8.8.8\r\nm=audio 4000/2 RTP/AVP 0 101 x\r\nc=IN IP4 10.0.0.1/127\r\na=ptime: 30\r\na=sendonly\r\nm=audio 5000 RTP/AVP 8\r\n"
	a, err := parseAnswer([]byte(sdp))
	if err != nil || a.remote.String() != "10.0.0.1:4000" || a.ptime != 30e6 || a.reply != "recvonly" || len(a.pts) != 2 {
		t.Errorf("%+v %v", a, err)
	}
	a, err = parseAnswer([]byte("c=IN IP6 ::1\nm=audio 4000 RTP/AVP 0\n"))
	if err != nil || a.remote.String() != "[::1]:4000" || a.ptime != 0 {
		t.Errorf("%+v %v", a, err)
	}
	for _, bad := range []string{"", "m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 1.2.3.4\r\nm=audio 0 RTP/AVP 0\r\n", "c=IN IP4 1.2.3\r\nm=audio 4 RTP/AVP 0\r\n", "c=IN IP4 1.2.3.4\r\nm=audio 70000 RTP/AVP 0\r\n"} {
		if a, err = parseAnswer([]byte(bad)); err == nil {
			t.Errorf("%q was taken as %+v", bad, a)
		}
	}
}

func TestOptionsSayWhatIsWrong(t *testing.T) {
	good := Options{Target: "sip:a@b"}
	if p, err := good.check(); err != nil || p.Calls != 100 || p.nextHop != "b:5060" || p.codec.name != "PCMU" {
		t.Errorf("defaults: %+v %v", p, err)
	}
	for want, o := range map[string]Options{
		"target":          {Target: "x"},
		"proxy":           {Target: "sip:a@b", Proxy: "a b"},
		"udp or tcp":      {Target: "sip:a@b", Transport: "tls"},
		"calls":           {Target: "sip:a@b", Calls: -1},
		"calls a second":  {Target: "sip:a@b", Rate: -2},
		"PCMA":            {Target: "sip:a@b", Codec: "opus"},
		"ptime":           {Target: "sip:a@b", Ptime: 13e6},
		"wheel":           {Target: "sip:a@b", Wheel: 5e9},
		"negative":        {Target: "sip:a@b", For: -1},
		"patience":        {Target: "sip:a@b", Patience: 1},
		"low-high":        {Target: "sip:a@b", Ports: "9-x"},
		"widen the range": {Target: "sip:a@b", Ports: "30000-30010"},
		`"Name: value"`:   {Target: "sip:a@b", Headers: []string{"X-A: b\r\nX: y"}},
	} {
		if _, err := o.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q in it", o, err, want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte(okAnswer))
	files, _ := filepath.Glob("../../../testdata/rfc4475/*.dat")
	for _, name := range files {
		if raw, err := os.ReadFile(name); err == nil {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMessage(b)
		if err != nil {
			return
		}
		if len(m.vias) > maxRoutes || (m.code != 0 && (m.code < 100 || m.code > 699)) {
			t.Errorf("%+v", m)
		}
		_, _ = addressURI(m.contact)
		_, _ = tagOf(m.to), m.viaBranch()
		s := script{run: "r"}
		if _, err = parseMessage(s.reply(&m, 200, "OK", m.to, nil)); err != nil && m.callID != "" && m.cseq != "" && m.code == 0 {
			t.Errorf("our own answer is not read: %v to %q", err, b)
		}
	})
}

func FuzzStreamCut(f *testing.F) {
	f.Add([]byte("\r\n" + okAnswer + okAnswer))
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			msg, used, err := cutStream(b)
			if err != nil || used == 0 {
				return
			}
			if used > len(b) || len(msg) > used {
				t.Fatalf("used %d of %d, message %d", used, len(b), len(msg))
			}
			b = b[used:]
		}
	})
}

func FuzzAnswerSDP(f *testing.F) {
	f.Add([]byte("v=0\r\nc=IN IP4 9.9.9.9\r\nm=audio 4000/2 RTP/AVP 0 101\r\na=ptime:30\r\na=sendonly\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := parseAnswer(b); err == nil && (!a.remote.IsValid() || a.remote.Port() == 0) {
			t.Errorf("%+v", a)
		}
	})
}
