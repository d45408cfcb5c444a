package record

import (
	"math"
	"time"

	"rms/media"
	"rms/media/record/ledger"
	"rms/media/record/seal"
	"rms/media/wav"
)

// margin is how far behind the time line's now a turn stays: a pause or a stop that is
// told within it is obeyed before the sound is in the file.
const margin = 100 * time.Millisecond

// stageSamples is how many int16 a worker places at once.
const stageSamples = 16384

// worker is what one goroutine of the pool needs during a turn.
type worker struct {
	stage []int16 // interleaved
	bytes []byte
	both  []byte  // read back from the file
	side  []int16 // of one block
}

// work is what turns do to a recording. Positions are samples of the time line, of one
// channel.
type work struct {
	r      *Recording
	w      *worker // during a turn
	format media.Format
	frame  int64 // bytes of a sample of all channels

	file     File
	opened   bool
	base     int64 // samples that were in the file before this recording
	origin   int64 // position of the first sample in the file
	pos      int64 // what is before it has been placed
	brokenAt int64 // where the disk began to fail
	stored   int64 // what is before it is in the file; less than pos while the disk fails
	stageTo  int64 // of the stage that begins at pos
	stop     int64 // the end; none when not told yet
	reason   string
	err      error
	retry    time.Time

	lanes  [2]lane
	pauses []pause
	drops  []drop
	notes  notes
	quiet  quiet
	kept   *kept        // what may change and is not in a plain file
	seal   *seal.Writer // nil: not encrypted
	sealed time.Time    // of the last flush

	before      *ledger.Sidecar // of the file that is appended to
	started     time.Time
	startedMono int64
	saved       time.Time // when the sidecar was
}

const none = math.MaxInt64

func (c *work) init(r *Recording) {
	c.r = r
	c.format = media.Format{Rate: r.spec.Rate, Channels: r.spec.Sides.Channels()}
	c.frame = int64(wav.FrameSize(c.format, r.spec.Encoding))
	c.stop = none
	for side := range c.lanes {
		c.lanes[side].side = side
		c.lanes[side].work = c
	}
	c.quiet.init(&r.spec)
}

// samples is the first sample at or behind a time.
func (c *work) samples(at time.Duration) int64 {
	rate := int64(c.format.Rate)
	whole, part := int64(at/time.Second), int64(at%time.Second)
	v := part * rate
	n := v / int64(time.Second)
	if v%int64(time.Second) > 0 {
		n++
	}
	return whole*rate + n
}

// duration is how long so many samples last.
func (c *work) duration(samples int64) time.Duration {
	rate := int64(c.format.Rate)
	return time.Duration(samples/rate)*time.Second + time.Duration(samples%rate)*time.Second/time.Duration(rate)
}

// inFile is where in the file a position is, in samples.
func (c *work) inFile(pos int64) int64 { return pos - c.origin + c.base }

// offset is where in the file a position is, in bytes.
func (c *work) offset(pos int64) int64 { return wav.HeaderSize + c.inFile(pos)*c.frame }
