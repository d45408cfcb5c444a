package sip_test

import (
	"strings"
	"testing"

	"rms/sip/siptest"
)

func TestBodiesAndExtensionsThatWeTake(t *testing.T) {
	t.Parallel()
	multipart := "--b1\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--b1\r\nContent-Type: application/sdp\r\n\r\n" +
		siptest.Offer + "\r\n--b1--\r\n"
	wrap := func(outer, inner, body string) string {
		return "--" + outer + "\r\nContent-Type: multipart/alternative; boundary=" + inner + "\r\n\r\n" + body +
			"\r\n--" + outer + "--\r\n"
	}
	nested := wrap("b2", "b1", multipart)
	deep := wrap("b4", "b3", wrap("b3", "b2", nested))
	cases := map[string]struct {
		extra []string
		body  string
		code  int
		need  string // header that the answer must have
	}{
		"plain":              {nil, siptest.Offer, 200, ""},
		"multipart":          {[]string{"Content-Type: multipart/mixed;boundary=b1"}, multipart, 200, ""},
		"multipart in one":   {[]string{"Content-Type: multipart/mixed;boundary=b2"}, nested, 200, ""},
		"multipart too deep": {[]string{"Content-Type: multipart/mixed;boundary=b4"}, deep, 415, "Accept"},
		"multipart, no SDP":  {[]string{"Content-Type: multipart/mixed;boundary=b2"}, multipart, 415, "Accept"},
		"unknown type":       {[]string{"Content-Type: text/plain"}, "hello", 415, "Accept"},
		"optional":           {[]string{"Content-Type: text/plain", "Content-Disposition: render;handling=optional"}, "hello", 200, ""},
		"compressed":         {[]string{"Content-Type: application/sdp", "Content-Encoding: gzip"}, siptest.Offer, 415, "Accept-Encoding"},
		"accepts all":        {[]string{"Accept: text/plain, */*;q=0.1"}, siptest.Offer, 200, ""},
		"accepts no SDP":     {[]string{"Accept: text/plain"}, siptest.Offer, 406, ""},
		"wants 100rel":       {[]string{"Require: 100rel, timer"}, siptest.Offer, 420, "Unsupported"},
		"wants siprec":       {[]string{"Require: siprec, timer"}, siptest.Offer, 200, ""},
		"siprec, torn body":  {[]string{"Require: siprec", "Content-Type: multipart/mixed;boundary=b2"}, multipart, 400, "Warning"},
		"only metadata":      {[]string{"Content-Type: application/rs-metadata"}, "<recording/>", 200, ""},
		"LF only":            {[]string{"Content-Type: multipart/mixed;boundary=b1"}, strings.ReplaceAll(multipart, "\r\n", "\n"), 200, ""},
		"odd boundary":       {[]string{"Content-Type: multipart/mixed;boundary=b:1 x"}, strings.ReplaceAll(multipart, "b1", "b:1 x"), 200, ""},
		"accepts metadata":   {[]string{"Accept: application/rs-metadata"}, siptest.Offer, 200, ""},
		"wants timer":        {[]string{"Require: timer"}, siptest.Offer, 200, ""},
		"Proxy-Require":      {[]string{"Proxy-Require: foo"}, siptest.Offer, 200, ""},
		"bad Max-Forwards":   {[]string{"Max-Forwards: 70"}, siptest.Offer, 400, ""},
		"no header at all":   {[]string{"this line has no colon"}, siptest.Offer, 400, ""},
		"blank in the name":  {[]string{"X Name: y"}, siptest.Offer, 400, ""},
		"blank before colon": {[]string{"X-Name  : y"}, siptest.Offer, 200, ""},
	}
	ua := serve(t, newRecorder(t))
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := peer(t, ua, "udp").Invite(c.body, c.extra...)
			m := call.Expect(c.code)
			if c.need != "" && m.Header(c.need) == "" {
				t.Errorf("%d without %s", c.code, c.need)
			}
			if c.code == 200 {
				call.Ack(map[bool]string{true: siptest.Offer}[name == "optional" || name == "only metadata"])
			}
		})
	}
}

func TestBodyOfAMegabyteIsRefused(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "tcp")
	c := p.NewCall()
	c.Extra = []string{"Require: siprec", "Content-Type: multipart/mixed;boundary=b1"}
	c.Request("INVITE", "--b1\r\n\r\n"+strings.Repeat("x", 1<<20)+"\r\n--b1--\r\n")
	c.Expect(513)
}

func TestUnknownSchemeAndHostsAreJudged(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	for uri, code := range map[string]int{
		"sip:anything@elsewhere.test": 200, "sips:a@b": 200, "sip:[::1]:5060;transport=udp": 200,
		"sip:a;b=c:d@h": 200, "tel:+123": 416, "http://x": 416, "sip:": 400, "sip:a@": 400, "sip:a@h:0": 400,
		"sip:a@h:70000": 400, "sip:a@h?x=y": 400, "sip:a%4@h": 400, "<sip:a@h>": 400, "sip:@h": 400, "sip:a@[::1": 400,
	} {
		c := p.NewCall()
		c.Target = uri
		c.Request("OPTIONS", "")
		if m, ok := p.Next(siptest.Patience); !ok || m.Code() != code {
			t.Errorf("%s: %q, want %d", uri, m.Start, code)
		}
	}
}

func TestKeepAliveInPiecesIsAnswered(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "tcp")
	for _, piece := range strings.Split("\r|\n|\r\n", "|") {
		p.Send(piece)
	}
	if m, ok := p.Next(siptest.Patience); !ok || m.Start != "PONG" {
		t.Errorf("got %q, want a pong", m.Start)
	}
}

func TestMessageInPiecesIsRead(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "tcp")
	c := p.NewCall()
	for _, b := range []byte(c.Text("INVITE", "z9hG4bKpieces", 1, siptest.Offer)) {
		p.Send(string(b))
	}
	c.InviteSeq = 1
	c.Expect(200)
	c.Ack()
	h.wait("acked")
}

func TestByeWhileAReinviteIsPending(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Established()
	h.wait("acked")
	h.hold.Store(true)
	c.Request("INVITE", siptest.Offer)
	h.wait("request")
	h.hold.Store(false)
	c.Bye()
	codes := map[string]int{}
	for len(codes) < 2 {
		m, ok := p.Next(siptest.Patience)
		if !ok {
			t.Fatalf("only %v", codes)
		}
		if m.Code() >= 200 {
			codes[strings.Fields(m.Header("CSeq"))[1]] = m.Code()
		}
	}
	if codes["INVITE"] != 487 || codes["BYE"] != 200 {
		t.Errorf("answers %v", codes)
	}
	h.wait("ended")
}
