// Package record writes calls to WAV files that are whole, aligned and playable at any
// moment, also after a crash.
//
// A Store is a directory with recordings. A Recording has a time line: nanoseconds of the
// graph's own clock since its sample 0. The clock's thread gives it packets, which wait in
// blocks of a common pool; a few goroutines take each recording's turn about every 400 ms,
// place the packets (package timeline), write the samples at their place in the file,
// and, after a group sync has put them on the disk, the header that covers them. A
// recording has no goroutine of its own, and nothing that the disk does holds the clock.
//
//	store, err := record.Open(record.Options{Root: "recordings"})
//	err = store.Repair(nil) // what a crash left open
//	r, err := store.Start(record.Spec{Call: id, Template: "{date}/{call}.wav", Sides: record.Stereo})
//	r.Line(0, false, 0)
//	r.SetCodec(0, 0, pcmu)
//	r.Packet(0, &packet) // clock's thread
//	r.Tick(now)
//	r.Stop(now, "hangup")
package record
