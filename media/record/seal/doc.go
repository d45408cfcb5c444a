// Package seal keeps recordings encrypted on the disk while they are made. A sealed
// recording is one age file (age-encryption.org/v1) for public keys: the server cannot
// read what it has written, and once it is complete `age -d` opens it.
//
// An age file grows in chunks of 64 KiB, four seconds of a stereo call. What does not
// fill a chunk yet stands in a second small age file beside it, the tail, which each
// Flush replaces; so a crash takes away no more than what came since the last Flush.
// Open joins the two.
//
//	to, err := seal.ParseRecipients([]string{"age1..."})
//	w, err := seal.NewWriter(file, seal.Options{To: to, Sync: file.Sync, Tail: replaceTail})
//	w.Write(block)    // settled sound, in order
//	w.Flush(newest)   // once a second; newest: sound that may still change
//	w.Close()         // the age file is complete, the tail is gone
package seal
