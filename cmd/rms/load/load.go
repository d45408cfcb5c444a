// Package load is the engine behind "rms load": it places many concurrent
// calls with media against any SIP server and says how well the server holds
// them, without disturbing what it measures.
//
// RTP is received without a wake-up per packet: one thread walks all sockets
// on a slow wheel with recvmmsg, and arrival times come from the kernel
// (SO_TIMESTAMPNS). SIP is a light user agent of its own on one socket; there
// is no goroutine per call.
//
//	r, err := load.Run(ctx, load.Options{Target: "sip:loop@127.0.0.1:5060", Calls: 1000, Rate: 200, For: 20 * time.Second}, os.Stderr)
//	if err == nil {
//		r.Print(os.Stdout)
//	}
package load
