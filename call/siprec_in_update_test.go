package call_test

import (
	"testing"

	"rms/call"
	"rms/sip/siprec"
)

func TestMetadataAloneInAReinviteLeaveTheStreamsAsTheyWere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := newClient(t, h, 2)
	first := c.dial(c.offer(), people(2))
	h.wait(call.EventSiprecStart)
	for range 2 { // the second shows that the session still stands
		m := people(2)
		m.Participants[0].Names[0].AOR = "sip:another@x.test"
		kind, body := siprec.BuildBody(nil, m)
		if ok := c.change("INVITE", kind, string(body), 200); ok.Body != first.Body {
			t.Errorf("our offer is\n%s\nafter\n%s", ok.Body, first.Body)
		}
	}
	c.call.Extra = nil
	c.call.Request("OPTIONS", "")
	c.call.Expect(200)
	h.until("the changes", func() bool { return len(h.seen(call.EventSiprecUpdate)) == 2 })
	ev := h.seen(call.EventSiprecUpdate)[1]
	for i := range 2 {
		if stream(t, &ev, i)["paused"] != false {
			t.Errorf("stream %d is %v", i, stream(t, &ev, i))
		}
	}
	if len(h.seen(call.EventEnd)) > 0 {
		t.Error("the session ended")
	}
	c.call.Bye()
	c.call.Expect(200)
	h.until("the end", func() bool { return len(h.seen(call.EventEnd)) == 1 })
}

func TestACallEndsWhenAReinviteOfItHasNoAnswerToOurOffer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := newClient(t, h, 1)
	c.dialBody("application/sdp", c.offer())
	h.wait(call.EventStart)
	c.call.Extra = nil
	c.call.Request("INVITE", "")
	c.call.Expect(200)
	c.call.Ack()
	c.call.Reply(c.call.ExpectRequest("BYE"), 200, "", "")
	h.until("the end", func() bool { return len(h.seen(call.EventEnd)) == 1 })
}
