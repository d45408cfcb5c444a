package call

import (
	"time"

	"rms/media/record/seal"
)

// RecordOptions are what recordings are when a script does not say otherwise.
type RecordOptions struct {
	Template string // of names: see record.Spec; "": the store's
	Format   string // of samples: pcm, ulaw or alaw; "": pcm
	Sides    string // caller, callee, mixed or stereo; "": stereo
	Fill     string // of pauses: silence or tone; "": silence
	Required bool   // no recording, no call

	// Open is how long the answer to an INVITE waits for the file of a recording that the
	// call must not be without; 0: two seconds.
	Open time.Duration

	Headers    []string         // of the INVITE that go into the sidecar
	Recipients []seal.Recipient // recordings are encrypted to; none: they are not

	// Root is the folder of the store, for recordings that are played and for names that
	// clients of the Event Socket give with it; "": neither.
	Root string
	// Delete, when set, removes a file of the store and what belongs to it, and leaves a
	// tombstone that says who did it. It may wait for the disk.
	Delete func(file, who string) error
	// Played, when set, hears of each recording that is played to a caller, for the log
	// of who did what. It may wait for the disk.
	Played func(file, who string)
}
