package sip_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rms/sip"
	"rms/sip/sdp"
	"rms/sip/siptest"
)

type expectation struct {
	UDP, TCP []string
	Why      string
}

// answerer answers every call as a media server does, through package sdp.
func answerer(d *sip.Dialog) {
	caps := sdp.Caps{
		Codecs: []sdp.Codec{{Name: "PCMU", PT: 0, ClockRate: 8000, Channels: 1}},
		Addr:   netip.MustParseAddr("127.0.0.1"), Port: 40000, RTCPPort: 40001, Ptime: 20 * time.Millisecond,
	}
	res, err := sdp.Answer(d.Invite().SDP(), caps, nil)
	if err != nil {
		_ = d.Reject(488, "", sip.Header{Name: "Warning", Value: `305 rms "no usable media"`})
		return
	}
	_ = d.Answer(res.SDP)
}

func corpus(t *testing.T, dir string) map[string]expectation {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", dir, "EXPECT.json"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]expectation{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTortureMessagesGetTheRightAnswer(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]int{"rfc4475": 49, "rfc5118": 12} {
		cases := corpus(t, dir)
		if len(cases) != want {
			t.Errorf("%s has %d cases, want %d", dir, len(cases), want)
		}
		for name, e := range cases {
			text, err := os.ReadFile(filepath.Join("testdata", dir, name+".dat"))
			if err != nil {
				t.Fatal(err)
			}
			for transport, codes := range map[string][]string{"udp": e.UDP, "tcp": e.TCP} {
				t.Run(dir+"/"+name+"/"+transport, func(t *testing.T) {
					t.Parallel()
					torture(t, string(text), transport, codes)
				})
			}
		}
	}
}

func torture(t *testing.T, text, transport string, codes []string) {
	h := newRecorder(t)
	h.on = answerer
	ua := serve(t, h, func(o *sip.Options) {
		if slices.Contains(codes, "none") || slices.Contains(codes, "closed") { // else on no account too short
			o.HeaderTimeout = 300 * time.Millisecond
		}
	})
	if transport == "tcp" {
		text = strings.Replace(text, "SIP/2.0/UDP", "SIP/2.0/TCP", -1)
	} else if !strings.Contains(text, "rport") {
		text = withRport(text)
	}
	p := peer(t, ua, transport)
	p.Send(text)
	got := final(p, slices.Contains(codes, "none"))
	if !slices.Contains(codes, got) {
		t.Errorf("answered %s, want one of %v", got, codes)
	}
	if n := ua.Stats().Panics; n > 0 {
		t.Errorf("%d panics", n)
	}
	alive := peer(t, ua, "udp")
	alive.NewCall().Request("OPTIONS", "")
	alive.Expect(200)
}

// withRport lets the answer come to the ephemeral port of the peer: the ports of
// the corpus cannot be bound by many tests at once.
func withRport(text string) string {
	head, rest, _ := strings.Cut(text, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	for i, l := range lines {
		lower := strings.ToLower(l)
		if strings.HasPrefix(lower, "via") || strings.HasPrefix(lower, "v:") {
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], " ") {
				i++
			}
			if j := strings.IndexByte(lines[i], ','); j >= 0 && !strings.Contains(l, ";;") {
				lines[i] = lines[i][:j] + ";rport" + lines[i][j:]
			} else {
				lines[i] += ";rport"
			}
			break
		}
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + rest
}

// final is the first final status code that comes back, "none" or "closed".
func final(p *siptest.Peer, short bool) string {
	wait := siptest.Patience
	if short {
		wait = 400 * time.Millisecond
	}
	for {
		m, ok := p.Next(wait)
		switch {
		case !ok && p.Transport == "TCP" && p.Closed():
			return "closed"
		case !ok:
			return "none"
		case m.Code() >= 200:
			return strconv.Itoa(m.Code())
		}
	}
}

func TestTwoRequestsInOneSegmentAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "tcp")
	text, err := os.ReadFile("testdata/rfc4475/dblreq.dat")
	if err != nil {
		t.Fatal(err)
	}
	p.Send(strings.ReplaceAll(string(text), "SIP/2.0/UDP", "SIP/2.0/TCP"))
	p.Expect(405)
	p.Expect(400) // its INVITE has no Contact
	p = peer(t, ua, "tcp")
	var ids []string
	var b strings.Builder
	for range 50 {
		c := p.NewCall()
		ids = append(ids, c.ID)
		b.WriteString(c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, ""))
	}
	p.Send(b.String())
	for i, id := range ids {
		if m := p.Expect(200); m.Header("Call-ID") != id {
			t.Fatalf("answer %d is for %s, want %s", i, m.Header("Call-ID"), id)
		}
	}
}
