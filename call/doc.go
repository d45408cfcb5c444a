// Package call is the only code that knows dialog, RTP session and graph at once:
// a Call is what they are together, and the verbs are what a script or a client
// can tell it to do.
//
// Each call has a mailbox; SIP, the clock, players and scripts post into it, and
// nobody waits. What it posts outward, a run of a script's route for example, is
// answered by another post. The smallest example wires a manager to a SIP user
// agent and lets the script's routes do the rest:
//
//	m := call.NewManager(call.Options{Router: script, Ports: ports, Engine: engine, Clock: clock, Prompts: prompts})
//	ua, err := sip.Listen(sip.Options{Listen: []string{"udp://127.0.0.1:5060"}}, m)
package call
