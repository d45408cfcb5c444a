package load

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func quick(s *fakeServer) Options {
	return Options{
		Target: s.uri(), Calls: 12, Rate: 200, For: 240 * time.Millisecond,
		Baseline: 20 * time.Millisecond, Wheel: 40 * time.Millisecond,
	}
}

func run(t *testing.T, o Options) Result {
	t.Helper()
	r, err := Run(t.Context(), o, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryCallIsAnsweredHeardAndHungUp(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			s := startServer(t, nil)
			o := quick(s)
			o.Transport, o.PIDs = transport, []int{os.Getpid()}
			r := run(t, o)
			if !r.Passed() || r.Answered != 12 || r.Packets.Heard != 12 || r.Codes[200] != 12 {
				t.Errorf("answered %d heard %d codes %v lost %d", r.Answered, r.Packets.Heard, r.Codes, r.Packets.Lost)
			}
			if s.count("BYE") != 12 || s.count("ACK") != 12 || r.Unanswered != 0 {
				t.Errorf("%d BYE, %d ACK, %d unanswered", s.count("BYE"), s.count("ACK"), r.Unanswered)
			}
			if r.Setup.Count != 12 || r.Deviation.Count == 0 || r.FirstPacket.Count != 12 || r.Idle.Count == 0 {
				t.Errorf("not measured: %+v", r)
			}
			if len(r.Processes) != 1 || r.Processes[0].Gone || r.Processes[0].RSSDuring == 0 {
				t.Errorf("process: %+v", r.Processes)
			}
		})
	}
}

func TestExpectedPacketsAreThoseOfTheWindow(t *testing.T) {
	s := startServer(t, nil)
	r := run(t, quick(s))
	want := 12 * r.Seconds * 50
	if got := float64(r.Packets.Expected); got < want-12 || got > want+12 {
		t.Errorf("expected %v packets, want about %v", got, want)
	}
	if r.Packets.InWindow == 0 || r.Packets.InWindow > r.Packets.Received {
		t.Errorf("%d in the window of %d", r.Packets.InWindow, r.Packets.Received)
	}
}

func TestTwoWaySendsRTP(t *testing.T) {
	s := startServer(t, nil)
	o := quick(s)
	o.TwoWay = true
	r := run(t, o)
	s.mu.Lock()
	received := s.received
	s.mu.Unlock()
	if received < 12*5 || r.Packets.Sent < uint64(received) {
		t.Errorf("server received %d packets, tool says it sent %d", received, r.Packets.Sent)
	}
}

func TestOneWayCallsSayThatTheyAreThere(t *testing.T) {
	s := startServer(t, nil)
	o := quick(s)
	o.KeepAlive = 100 * time.Millisecond
	run(t, o)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received < 12*2 || s.received > 12*15 {
		t.Errorf("%d packets of silence came, want a few a call", s.received)
	}
}

func TestFailuresAreCountedByCodeAndExplained(t *testing.T) {
	s := startServer(t, func(s *fakeServer) {
		s.refuse = func(n int) int { return []int{0, 503, 488}[n%3] }
	})
	r := run(t, quick(s))
	if r.Answered != 4 || r.Failed != 8 || r.Codes[503] != 4 || r.Codes[488] != 4 || r.Passed() {
		t.Errorf("answered %d failed %d codes %v", r.Answered, r.Failed, r.Codes)
	}
	if s.count("ACK") != 12 {
		t.Errorf("%d ACKs, want one for each final answer", s.count("ACK"))
	}
	var b strings.Builder
	if err := r.Print(&b); err != nil || !strings.Contains(b.String(), "503 Service Unavailable x 4") || !strings.Contains(b.String(), "sip.trusted") {
		t.Errorf("table: %v\n%s", err, b.String())
	}
}

func TestUnansweredInviteIsCancelled(t *testing.T) {
	s := startServer(t, func(s *fakeServer) { s.ringOnly = true })
	o := quick(s)
	o.Calls, o.Patience = 3, time.Second
	r := run(t, o)
	if s.count("CANCEL") != 3 || r.Codes[487] != 3 || s.count("ACK") != 3 {
		t.Errorf("%d CANCEL, %d ACK, codes %v", s.count("CANCEL"), s.count("ACK"), r.Codes)
	}
	if !strings.Contains(s.text("CANCEL"), "CSeq: 1 CANCEL") || branchOf(t, s.text("CANCEL")) == "" {
		t.Errorf("CANCEL: %s", s.text("CANCEL"))
	}
}

func branchOf(t *testing.T, raw string) string {
	t.Helper()
	m, err := parseMessage([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.viaBranch()
}

func TestInviteIsRepeatedUntilAnswered(t *testing.T) {
	s := startServer(t, func(s *fakeServer) { s.ignore = 1 })
	o := quick(s)
	o.Calls = 1
	r := run(t, o)
	if r.Answered != 1 || r.Repeated != 1 || r.Setup.Max < 400 {
		t.Errorf("answered %d repeated %d set-up %v", r.Answered, r.Repeated, r.Setup)
	}
}

func TestRepeated200IsAcknowledgedAgain(t *testing.T) {
	s := startServer(t, func(s *fakeServer) { s.repeat200 = true })
	o := quick(s)
	o.Calls = 2
	r := run(t, o)
	if s.count("ACK") != 4 || r.Answered != 2 || r.Setup.Count != 2 || r.Reanswered != 2 {
		t.Errorf("%d ACKs for 2 calls answered twice, %d answered", s.count("ACK"), r.Answered)
	}
}

func TestRouteSetIsReversedAndFollowed(t *testing.T) {
	proxy := startServer(t, nil)
	via := proxy.udp.LocalAddr().String()
	s := startServer(t, func(s *fakeServer) {
		s.recordRoute = []string{"<sip:far.invalid;lr>, <sip:middle.invalid;lr>", "<sip:" + via + ";lr=on>"}
	})
	o := quick(s)
	o.Calls = 1
	run(t, o)
	bye := proxy.text("BYE")
	want := "Route: <sip:" + via + ";lr=on>\r\nRoute: <sip:middle.invalid;lr>\r\nRoute: <sip:far.invalid;lr>\r\n"
	if !strings.Contains(bye, want) || !strings.HasPrefix(bye, "BYE sip:srv@"+s.udp.LocalAddr().String()) {
		t.Errorf("BYE at the proxy:\n%s", bye)
	}
	if proxy.count("ACK") != 1 || s.count("BYE") != 0 {
		t.Errorf("ACK %d at the proxy, BYE %d past it", proxy.count("ACK"), s.count("BYE"))
	}
}

func TestStrictRouteTakesThePlaceOfTheTarget(t *testing.T) {
	s := script{plan: plan{Options: Options{Calls: 1}}, run: "x", transport: "UDP"}
	c := &call{remote: uri{text: "sip:srv@10.0.0.1"}, to: "<sip:a@b>;tag=1", routes: []string{"<sip:10.0.0.2>", "<sip:10.0.0.3;lr>"}}
	got := string(s.within("BYE", c, 2, nil))
	if !strings.HasPrefix(got, "BYE sip:10.0.0.2 SIP/2.0\r\n") || !strings.Contains(got, "Route: <sip:10.0.0.3;lr>\r\nRoute: <sip:srv@10.0.0.1>\r\n") {
		t.Errorf("strict route:\n%s", got)
	}
}

func TestInDialogRequestsAreAnswered(t *testing.T) {
	s := startServer(t, func(s *fakeServer) { s.inDialog = []string{"OPTIONS", "INFO", "INVITE", "REFER"} })
	o := quick(s)
	o.Calls = 2
	r := run(t, o)
	for _, want := range []string{"OPTIONS 200", "INFO 200", "INVITE 200", "REFER 405"} {
		if s.count(want) != 2 {
			t.Errorf("%s: %d answers, want 2", want, s.count(want))
		}
	}
	if !strings.Contains(s.text("INVITE"), "a=recvonly") || r.Answered != 2 {
		t.Errorf("answer to a hold:\n%s", s.text("INVITE"))
	}
}

func TestHangUpByTheServerIsAnsweredAndCounted(t *testing.T) {
	s := startServer(t, func(s *fakeServer) { s.hangUp = true })
	r := run(t, quick(s))
	if r.EndedByPeer != 12 || s.count("BYE 200") != 12 || s.count("BYE") != 0 || r.Answered != 12 {
		t.Errorf("ended by server %d, 200 to BYE %d, own BYE %d", r.EndedByPeer, s.count("BYE 200"), s.count("BYE"))
	}
}

func TestMissingPacketsAreLostAndSilenceIsNotHeard(t *testing.T) {
	s := startServer(t, func(s *fakeServer) { s.skipEach = 5 })
	o := quick(s)
	o.For = time.Second
	r := run(t, o)
	share := float64(r.Packets.Lost) / float64(r.Packets.Lost+r.Packets.Received)
	if share < 0.12 || share > 0.22 || r.Passed() {
		t.Errorf("lost share %.3f, want about 0.2", share)
	}
	s = startServer(t, func(s *fakeServer) { s.silent = true })
	r = run(t, quick(s))
	if r.Packets.Heard != 0 || r.Packets.Received != 0 || r.Answered != 12 || r.Passed() {
		t.Errorf("silent server: %+v", r.Packets)
	}
}

func TestInterruptHangsUp(t *testing.T) {
	s := startServer(t, nil)
	o := quick(s)
	o.For = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for s.count("ACK") < 12 && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	r, err := Run(ctx, o, io.Discard)
	if err != nil || !r.Interrupted || s.count("BYE") != 12 {
		t.Errorf("err %v, interrupted %v, %d BYE", err, r.Interrupted, s.count("BYE"))
	}
}

func TestClosedPortIsExplained(t *testing.T) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	address := conn.LocalAddr().String()
	_ = conn.Close()
	for _, transport := range []string{"udp", "tcp"} {
		_, err = Run(t.Context(), Options{Target: "sip:a@" + address, Transport: transport}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "nothing listens at "+address) {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

func TestUnknownPIDIsRefusedBeforeTheFirstCall(t *testing.T) {
	s := startServer(t, nil)
	o := quick(s)
	o.PIDs = []int{1 << 30}
	if _, err := Run(t.Context(), o, io.Discard); err == nil || !strings.Contains(err.Error(), "no such process") {
		t.Errorf("err = %v", err)
	}
	if s.count("INVITE") != 0 {
		t.Error("an INVITE left")
	}
}

func TestResultIsJSON(t *testing.T) {
	s := startServer(t, nil)
	raw, err := json.Marshal(run(t, quick(s)))
	if err != nil {
		t.Fatal(err)
	}
	var back Result
	if err = json.Unmarshal(raw, &back); err != nil || back.Codes[200] != 12 || !strings.Contains(string(raw), `"p99_9_ms"`) {
		t.Errorf("%v in %s", err, raw)
	}
}
