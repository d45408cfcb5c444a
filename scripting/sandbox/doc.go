// Package sandbox holds what every script engine of rms shares: the door to the
// call (Exec), the contract of a loaded script (Program, State), and the Meter
// that ends a run which takes too long, too many steps or too much memory.
//
//	m := sandbox.NewMeter(sandbox.Limits{Budget: 50 * time.Millisecond})
//	m.Start()
//	for m.Spend(1) == nil {
//		// one step of the script
//	}
package sandbox
