package esl_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// Calls end in every moment of what clients do with them: each is told to its end, in
// order, and nothing is left.
func TestCallsThatEndUnderTheirApplicationsAreToldInOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	boss := h.client()
	boss.do("event json CHANNEL_CREATE CHANNEL_ANSWER CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_DESTROY", "+OK event listener enabled json")
	const calls, workers = 40, 4
	told := make(chan map[string][]string, 1)
	go func() {
		by := map[string][]string{}
		for over := 0; over < calls; {
			m := boss.message()
			id, name := m.get("Unique-ID"), m.get("Event-Name")
			if strings.HasPrefix(name, "CHANNEL_EXECUTE") {
				name += " " + m.get("Application-UUID")
			}
			if by[id] = append(by[id], name); name == "CHANNEL_DESTROY" {
				over++
			}
		}
		told <- by
	}()
	var done sync.WaitGroup
	var lock sync.Mutex
	for w := range workers {
		done.Go(func() {
			c := h.client()
			for n := range calls / workers {
				lock.Lock() // dial finds its call by what was there before
				id, p := h.dial()
				lock.Unlock()
				for i, app := range []string{"playback\nexecute-app-arg: tone:440/30ms", "set\nexecute-app-arg: a=b", "sleep\nexecute-app-arg: 20\nevent-lock: true", "park", "playback\nexecute-app-arg: tone:300"} {
					c.say(fmt.Sprintf("sendmsg %s\ncall-command: execute\nEvent-UUID: %d.%d.%d\nexecute-app-name: %s", id, w, n, i, app))
					c.message()
				}
				for range rand.IntN(4) {
					c.say("api uuid_exists " + id)
					c.message()
				}
				if n%2 == 0 {
					p.Bye()
					p.Expect(200)
					continue
				}
				c.say("sendmsg " + id + "\ncall-command: hangup")
				c.message()
				p.Reply(p.ExpectRequest("BYE"), 200, "", "")
			}
		})
	}
	done.Wait()
	for id, names := range <-told {
		text := strings.Join(names, ", ")
		if names[0] != "CHANNEL_CREATE" || !strings.HasSuffix(text, "CHANNEL_HANGUP_COMPLETE, CHANNEL_DESTROY") ||
			strings.Count(text, "CHANNEL_HANGUP,") != 1 || strings.Count(text, "CHANNEL_CREATE") != 1 {
			t.Errorf("%s: %s", id, text)
		}
		open := map[string]bool{}
		for _, name := range names {
			what, uuid, _ := strings.Cut(name, " ")
			switch what {
			case "CHANNEL_EXECUTE":
				if open[uuid] {
					t.Errorf("%s: %s began twice: %s", id, uuid, text)
				}
				open[uuid] = true
			case "CHANNEL_EXECUTE_COMPLETE":
				if !open[uuid] {
					t.Errorf("%s: %s ended without a beginning: %s", id, uuid, text)
				}
				delete(open, uuid)
			}
		}
		if len(open) > 0 {
			t.Errorf("%s: %v have no end: %s", id, open, text)
		}
	}
	h.until("the end of all calls", func() bool { return h.calls.Len() == 0 })
}
