package call_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/sip/siprec"
	"rms/sip/siptest"
)

// client is a recording client of a test: an ear for each stream, and who speaks there.
type client struct {
	*house
	ears []*ear
	call *siptest.Call
}

func newClient(t *testing.T, h *house, streams int) *client {
	c := &client{house: h}
	for range streams {
		c.ears = append(c.ears, newEar(t))
	}
	return c
}

// mline is an m-line of an ear with attributes.
func mline(e *ear, formats string, attributes ...string) string {
	s := fmt.Sprintf("m=audio %d RTP/AVP %s\r\n", e.port(), formats)
	for _, a := range attributes {
		s += "a=" + a + "\r\n"
	}
	return s
}

const sdpHead = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"

// offer is what a well-behaved client offers: labels 1, 2, ...
func (c *client) offer(attributes ...string) string {
	s := sdpHead
	for i, e := range c.ears {
		s += mline(e, "0", append([]string{fmt.Sprintf("label:%d", i+1), "sendonly"}, attributes...)...)
	}
	return s
}

// people is metadata with a sender for each of n labels.
func people(n int) siprec.Metadata {
	m := siprec.Metadata{Sessions: []siprec.CommunicationSession{{ID: "cs"}}}
	for i := range n {
		id, stream := fmt.Sprintf("p%d", i+1), fmt.Sprintf("s%d", i+1)
		m.Participants = append(m.Participants, siprec.Participant{
			ID: id, Names: []siprec.Name{{AOR: fmt.Sprintf("sip:party%d@x.test", i+1), Name: fmt.Sprintf("Party %d", i+1)}},
		})
		m.Streams = append(m.Streams, siprec.Stream{ID: stream, Session: "cs", Label: fmt.Sprint(i + 1)})
		m.Flows = append(m.Flows, siprec.Flow{Participant: id, Sends: []string{stream}})
	}
	return m
}

// dial places the recording session.
func (c *client) dial(offer string, m siprec.Metadata, extra ...string) siptest.Message {
	c.t.Helper()
	kind, body := siprec.BuildBody([]byte(offer), m)
	return c.dialBody(kind, string(body), append(extra, "Require: siprec")...)
}

func (c *client) dialBody(kind, body string, extra ...string) siptest.Message {
	c.t.Helper()
	c.call = siptest.UDP(c.t, c.addr).NewCall()
	c.call.Extra = append([]string{"Content-Type: " + kind, "Accept: application/sdp"}, extra...)
	c.call.Request("INVITE", body)
	ok := c.call.Expect(200)
	c.aim(ok.Body)
	c.call.Ack()
	return ok
}

// change sends a re-INVITE or UPDATE and returns the answer to it.
func (c *client) change(method, kind, body string, code int) siptest.Message {
	c.t.Helper()
	c.call.Extra = []string{"Content-Type: " + kind}
	c.call.Request(method, body)
	m := c.call.Expect(code)
	switch {
	case method != "INVITE":
	case code < 300:
		c.call.Ack()
	default:
		c.call.AckRefusal()
	}
	return m
}

// ports lists the ports of the m-lines in a description.
func ports(sdp string) (list []int) {
	for line := range strings.SplitSeq(sdp, "\n") {
		var port int
		if _, err := fmt.Sscanf(line, "m=audio %d", &port); err == nil {
			list = append(list, port)
		}
	}
	return list
}

// aim points the ears at the answer's ports, in order.
func (c *client) aim(answer string) {
	for i, port := range ports(answer) {
		if i < len(c.ears) {
			c.ears[i].to = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))
		}
	}
}

// lines lists what an answer says of its m-lines, one string for each.
func lines(answer string, attributes ...string) (list []string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(answer, "\r", ""), "\n") {
		switch {
		case strings.HasPrefix(line, "m="):
			word := "taken"
			if strings.Contains(line, " 0 RTP") {
				word = "refused"
			}
			list = append(list, word)
		case len(list) > 0 && slices.ContainsFunc(attributes, func(a string) bool { return strings.HasPrefix(line, "a="+a) }):
			list[len(list)-1] += " " + line[2:]
		}
	}
	return list
}

func stream(t *testing.T, ev *call.Event, i int) map[string]any {
	t.Helper()
	list, _ := ev.Get("labels").([]any)
	if i >= len(list) {
		t.Fatalf("%s has %d streams, want number %d", ev.Name, len(list), i)
	}
	return list[i].(map[string]any)
}

func TestRecordingSessionIsAnsweredStreamByStream(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := newClient(t, h, 3)
	ok := c.dial(c.offer(), people(3))
	want := []string{"taken recvonly label:1", "taken recvonly label:2", "taken recvonly label:3"}
	if got := lines(ok.Body, "recvonly", "send", "inactive", "label"); !slices.Equal(got, want) {
		t.Errorf("answer is %q, want %q", got, want)
	}
	if p := ports(ok.Body); len(p) != 3 || p[0] == p[1] || p[1] == p[2] || p[0] == p[2] {
		t.Errorf("ports are %v", p)
	}
	if !strings.HasSuffix(ok.Header("Contact"), ">;+sip.srs") || !strings.Contains(ok.Header("Supported"), "siprec") {
		t.Errorf("Contact %q, Supported %q", ok.Header("Contact"), ok.Header("Supported"))
	}
	ev := h.wait(call.EventSiprecStart)
	for i, side := range []string{"caller", "callee", "3"} {
		s := stream(t, &ev, i)
		if s["side"] != side || s["label"] != fmt.Sprint(i+1) || s["aor"] != fmt.Sprintf("sip:party%d@x.test", i+1) || s["paused"] != false {
			t.Errorf("stream %d is %v", i, s)
		}
	}
	if len(h.seen(call.EventStart)) > 0 || ev.Get("session") != "cs" {
		t.Errorf("events %s, session %v", h.names(), ev.Get("session"))
	}
	h.run(500*time.Millisecond, c.ears...)
	for i, e := range c.ears {
		if len(e.packets) > 0 {
			t.Errorf("%d packets were sent to stream %d", len(e.packets), i)
		}
	}
	c.call.Bye()
	c.call.Expect(200)
	h.until("the end", func() bool { return len(h.seen(call.EventEnd)) == 1 })
}

func TestVariablesTellTheParticipants(t *testing.T) {
	t.Parallel()
	got := make(chan [3]any, 1)
	h := newHouse(t, script{call.EventSiprecStart: func(x *call.Exec) error {
		var v [3]any
		for i, name := range []string{"siprec_caller_aor", "siprec_callee_name", "siprec_session"} {
			v[i], _ = do(x, "get", name)
		}
		got <- v
		return nil
	}})
	c := newClient(t, h, 2)
	c.dial(c.offer(), people(2))
	if v := <-got; v != [3]any{"sip:party1@x.test", "Party 2", "cs"} {
		t.Errorf("variables are %v", v)
	}
	c.call.Bye()
	c.call.Expect(200)
}

func TestBadSendersAreTakenToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	a, b := newEar(t), newEar(t)
	kind, good := siprec.BuildBody([]byte(sdpHead+mline(a, "0", "sendonly", "label:1")+mline(b, "8", "sendonly", "label:2")), people(2))
	with := func(offer string, m siprec.Metadata) string {
		_, body := siprec.BuildBody([]byte(offer), m)
		return string(body)
	}
	typed := func(body string) string { // the boundary is the first line
		first, _, _ := strings.Cut(body, "\r\n")
		return "multipart/mixed;boundary=" + first[2:]
	}
	unlabelled := with(sdpHead+mline(a, "0")+mline(b, "8"), people(2))
	foreign := with(sdpHead+mline(a, "0", "label:x", "sendonly")+mline(b, "0", "label:y", "sendonly"), people(2))
	one := with(sdpHead+mline(a, "0", "label:1", "sendonly"), people(2))
	same := with(sdpHead+mline(a, "0", "label:0", "sendonly")+mline(b, "0", "label:0", "sendonly"), people(2))
	video := with(sdpHead+"m=video 5000 RTP/AVP 96\r\n"+mline(a, "0", "label:1", "sendonly")+"m=audio 5002 RTP/AVP 18\r\n"+mline(b, "0", "label:2", "sendonly"), people(2))
	cases := map[string]struct {
		kind, body string
		extra      []string
		streams    int
		aor        string // of the first stream
	}{
		"as it should be":         {kind, string(good), []string{"Require: siprec"}, 2, "sip:party1@x.test"},
		"no Require":              {kind, string(good), nil, 2, "sip:party1@x.test"},
		"Require of two":          {kind, string(good), []string{"Require: timer, SIPREC"}, 2, "sip:party1@x.test"},
		"LF only":                 {kind, strings.ReplaceAll(string(good), "\r\n", "\n"), nil, 2, "sip:party1@x.test"},
		"wrong types of parts":    {kind, strings.NewReplacer("application/rs-metadata+xml", "application/rs-metadata", "application/sdp", "text/plain").Replace(string(good)), nil, 2, "sip:party1@x.test"},
		"no types of parts":       {kind, strings.NewReplacer("Content-Type", "X-Type", "Content-Disposition", "X-Disposition").Replace(string(good)), nil, 2, "sip:party1@x.test"},
		"says it is SDP":          {"application/sdp", string(good), nil, 2, "sip:party1@x.test"},
		"no boundary":             {"multipart/mixed", string(good), nil, 2, "sip:party1@x.test"},
		"sendrecv and no labels":  {typed(unlabelled), unlabelled, nil, 2, "sip:party1@x.test"},
		"labels of nobody":        {typed(foreign), foreign, nil, 2, "sip:party1@x.test"},
		"all labels equal":        {typed(same), same, nil, 2, "sip:party1@x.test"},
		"one stream":              {typed(one), one, nil, 1, "sip:party1@x.test"},
		"other m-lines":           {typed(video), video, nil, 2, "sip:party1@x.test"},
		"no metadata":             {"application/sdp", sdpHead + mline(a, "0", "label:1"), []string{"Require: siprec"}, 1, ""},
		"no metadata, no Require": {"application/sdp", sdpHead + mline(a, "0"), []string{"Contact: <sip:src@127.0.0.1:9>;+sip.src"}, 1, ""},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			before := len(h.seen(call.EventSiprecStart))
			c := &client{house: h}
			c.call = siptest.UDP(t, h.addr).NewCall()
			c.call.NoContact = strings.Contains(strings.Join(k.extra, ""), "Contact")
			c.call.Extra = append([]string{"Content-Type: " + k.kind}, k.extra...)
			c.call.Request("INVITE", k.body)
			ok := c.call.Expect(200)
			c.call.Ack()
			taken := 0
			for _, p := range ports(ok.Body) {
				if p > 0 {
					taken++
				}
			}
			h.until("the start", func() bool { return len(h.seen(call.EventSiprecStart)) > before })
			ev := h.seen(call.EventSiprecStart)[before]
			aor, _ := stream(t, &ev, 0)["aor"].(string)
			if taken != k.streams || aor != k.aor {
				t.Errorf("%d streams, the first of %q; want %d of %q", taken, aor, k.streams, k.aor)
			}
			ends := len(h.seen(call.EventEnd))
			c.call.Bye()
			c.call.Expect(200)
			h.until("the end", func() bool { return len(h.seen(call.EventEnd)) > ends })
		})
	}
}

func TestHostileBodiesAreRefusedAndLeaveNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	part := func(sdp, meta string) string {
		return "--b\r\nContent-Type: application/sdp\r\n\r\n" + sdp + "\r\n--b\r\nContent-Type: application/rs-metadata+xml\r\n\r\n" + meta + "\r\n--b--\r\n"
	}
	good := sdpHead + mline(e, "0", "sendonly")
	const kind = "multipart/mixed;boundary=b"
	cases := map[string]struct {
		kind, body string
		code       int
		header     string
	}{
		"entity bomb":       {kind, part(good, `<!DOCTYPE r [<!ENTITY a "b">]><recording>&a;</recording>`), 400, "Warning"},
		"broken XML":        {kind, part(good, `<recording><session>`), 400, "Warning"},
		"deep XML":          {kind, part(good, "<recording>"+strings.Repeat("<a>", 5000)), 400, "Warning"},
		"other XML":         {kind, part(good, "<html/>"), 400, "Warning"},
		"wrong boundary":    {"multipart/mixed;boundary=c", part(good, "<recording/>"), 400, "Warning"},
		"no parts":          {kind, "--b--\r\n", 415, "Accept"},
		"only text":         {kind, "--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b--\r\n", 415, "Accept"},
		"no SDP":            {kind, "--b\r\nContent-Type: application/rs-metadata+xml\r\n\r\n<recording/>\r\n--b--\r\n", 488, "Warning"},
		"bare metadata":     {"application/rs-metadata+xml", "<recording/>", 488, "Warning"},
		"broken SDP":        {kind, part("v=0\r\nhello\r\n", "<recording/>"), 400, "Warning"},
		"no audio":          {kind, part(sdpHead+"m=video 4000 RTP/AVP 96\r\n", "<recording/>"), 488, "Warning"},
		"no codec":          {kind, part(sdpHead+strings.Repeat(mline(e, "18"), 3), "<recording/>"), 488, "Warning"},
		"1,000 m-lines":     {kind, part(sdpHead+strings.Repeat("m=audio 4000 RTP/AVP 0\r\n", 1000), "<recording/>"), 488, "Warning"},
		"unknown extension": {kind, part(good, "<recording/>"), 420, "Unsupported"},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			p := siptest.UDP(t, h.addr).NewCall()
			p.Extra = []string{"Content-Type: " + k.kind, "Require: siprec"}
			if k.code == 420 {
				p.Extra = append(p.Extra, "Require: siprec-extra")
			}
			p.Request("INVITE", k.body)
			m := p.Expect(k.code)
			p.AckRefusal()
			if m.Header(k.header) == "" {
				t.Errorf("%d without %s", k.code, k.header)
			}
			h.until("nothing left", func() bool { return h.calls.PortsUsed() == 0 && h.calls.Len() == 0 })
		})
	}
}

func TestManyStreamsTakeNoMorePortsThanTheyMay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := newClient(t, h, 1)
	ok := c.dial(sdpHead+strings.Repeat(mline(c.ears[0], "0", "sendonly"), 40), people(2))
	taken := 0
	for _, p := range ports(ok.Body) {
		if p > 0 {
			taken++
		}
	}
	if n := h.calls.PortsUsed(); taken != 8 || n != 8 {
		t.Errorf("%d streams taken, %d pairs of ports used, want 8", taken, n)
	}
	c.call.Bye()
	c.call.Expect(200)
	h.until("the end", func() bool { return len(h.seen(call.EventEnd)) == 1 })
}

func TestChangesOfARecordingSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := newClient(t, h, 4)
	a, b, x, y := c.ears[0], c.ears[1], c.ears[2], c.ears[3]
	first := ports(c.dial(sdpHead+mline(a, "0", "sendonly", "label:1")+mline(b, "0", "sendonly", "label:2"), people(2)).Body)
	updates := 0
	next := func(method, kind, body string) (siptest.Message, call.Event) {
		t.Helper()
		m := c.change(method, kind, body, 200)
		updates++
		h.until("an update", func() bool { return len(h.seen(call.EventSiprecUpdate)) >= updates })
		return m, h.seen(call.EventSiprecUpdate)[updates-1]
	}

	// The client pauses one stream.
	m, ev := next("INVITE", "application/sdp", sdpHead+mline(a, "0", "inactive", "label:1")+mline(b, "0", "sendonly", "label:2"))
	if got := lines(m.Body, "recvonly", "inactive"); got[0] != "taken inactive" || got[1] != "taken recvonly" || stream(t, &ev, 0)["paused"] != true {
		t.Errorf("pause: %q, %v", got, stream(t, &ev, 0))
	}

	// Another codec on an m-line of its own takes the place, and the port, of the first.
	gone := strings.Replace(mline(a, "0", "label:1"), fmt.Sprint(a.port()), "0", 1)
	m, ev = next("INVITE", "application/sdp", sdpHead+gone+mline(b, "0", "sendonly", "label:2")+mline(x, "9", "sendonly", "label:1"))
	if p := ports(m.Body); len(p) != 3 || p[0] != 0 || p[1] != first[1] || p[2] != first[0] {
		t.Errorf("ports %v after %v", p, first)
	}
	if s := stream(t, &ev, 0); s["side"] != "caller" || s["codec"] != "G722/8000" || s["paused"] != false {
		t.Errorf("stream 1 is %v", s)
	}

	// A third stream joins, told by metadata in the same body.
	three := sdpHead + gone + mline(b, "0", "sendonly", "label:2") + mline(x, "9", "sendonly", "label:1") + mline(y, "8", "sendonly", "label:3")
	kind, body := siprec.BuildBody([]byte(three), people(3))
	_, ev = next("INVITE", kind, string(body))
	if s := stream(t, &ev, 2); s["side"] != "3" || s["name"] != "Party 3" || h.calls.PortsUsed() != 3 {
		t.Errorf("the third stream is %v, %d ports", s, h.calls.PortsUsed())
	}

	// A partial update without SDP: somebody else speaks on stream 2.
	other := siprec.Metadata{
		Partial:      true,
		Participants: []siprec.Participant{{ID: "new", Names: []siprec.Name{{AOR: "sip:new@x.test"}}}},
		Flows:        []siprec.Flow{{Participant: "new", Sends: []string{"s2"}}, {Participant: "p2", Interval: siprec.Interval{To: "2026-01-01T00:00:00Z"}}},
	}
	_, ev = next("UPDATE", siprec.TypeMetadata, string(other.Build()))
	if s := stream(t, &ev, 1); s["aor"] != "sip:new@x.test" || ev.Get("partial") != true {
		t.Errorf("stream 2 is %v", s)
	}
	if s := stream(t, &ev, 2); s["aor"] != "sip:party3@x.test" {
		t.Errorf("a partial update lost who it does not name: %v", s)
	}

	// The third leaves: its port is free at once.
	left := strings.Replace(three, fmt.Sprintf("m=audio %d RTP/AVP 8", y.port()), "m=audio 0 RTP/AVP 8", 1)
	next("INVITE", "application/sdp", left)
	if n := h.calls.PortsUsed(); n != 2 {
		t.Errorf("%d pairs of ports used", n)
	}

	// What is refused changes nothing.
	c.change("INVITE", "application/sdp", sdpHead+mline(a, "18"), 488)
	c.change("INVITE", "multipart/mixed;boundary=b", "--b\r\nContent-Type: application/rs-metadata+xml\r\n\r\n<recording>\r\n--b--", 400)
	if n := h.calls.PortsUsed(); n != 2 || len(h.seen(call.EventSiprecUpdate)) != updates {
		t.Errorf("%d ports, events %s", n, h.names())
	}

	// All streams are closed, and one comes back.
	closed := strings.NewReplacer(fmt.Sprint(b.port()), "0", fmt.Sprint(x.port()), "0").Replace(left)
	next("INVITE", "application/sdp", closed)
	_, ev = next("INVITE", "application/sdp", left)
	if s := stream(t, &ev, 1); s["paused"] != false {
		t.Errorf("stream is %v", s)
	}
	c.call.Bye()
	c.call.Expect(200)
	h.until("the end", func() bool { return len(h.seen(call.EventEnd)) == 1 })
}

func TestRecordingSessionTakesAnOfferlessReinvite(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := newClient(t, h, 2)
	first := c.dial(c.offer(), people(2))
	c.call.Request("INVITE", "")
	ok := c.call.Expect(200)
	if ok.Body != first.Body {
		t.Errorf("our offer is\n%s\nafter\n%s", ok.Body, first.Body)
	}
	c.call.Ack(strings.Replace(c.offer(), "sendonly", "inactive", 1))
	h.until("the answer", func() bool { return len(h.seen(call.EventSiprecUpdate)) == 1 })
	ev := h.seen(call.EventSiprecUpdate)[0]
	if stream(t, &ev, 0)["paused"] != true || stream(t, &ev, 1)["paused"] != false {
		t.Errorf("streams are %v", ev.Get("labels"))
	}
	c.call.Bye()
	c.call.Expect(200)
}

func TestOneSilentStreamDoesNotEndTheSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *call.Options) { o.RTPTimeout = 2 * time.Second })
	c := newClient(t, h, 2)
	c.dial(c.offer(), people(2))
	h.wait(call.EventSiprecStart)
	silence := make([]byte, 160)
	for range 6 * 50 {
		c.ears[1].say(0, silence, 160, false)
		h.run(20 * time.Millisecond)
	}
	if len(h.seen(call.EventMediaTimeout)) > 0 {
		t.Fatal("the session ended although one stream was heard")
	}
	h.until("the time-out of both", func() bool { return len(h.seen(call.EventMediaTimeout)) == 1 })
	c.call.Reply(c.call.ExpectRequest("BYE"), 200, "", "")
	h.until("the end", func() bool { return len(h.seen(call.EventEnd)) == 1 })
}
