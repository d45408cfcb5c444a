package timeline_test

import (
	"slices"
	"testing"
	"time"

	"rms/media/audiotest"
	"rms/media/timeline"
)

// A jitter buffer that has become deeper reads a new stream later; the sides of a
// recording stay in step nevertheless.
func TestANewStreamKeepsTheDistanceOfTheFirst(t *testing.T) {
	t.Parallel()
	const depth = 40 * time.Millisecond // of the jitter buffer at the second stream, 20 at the first
	pcm := audiotest.Noise(8000*20, -12, 3)
	first, second := stream(pcm[:80000], 0), stream(pcm[80000:], 10*time.Second)
	for i := range second {
		p := &second[i]
		p.SSRC, p.Sequence, p.Timestamp = 8, p.Sequence+777, p.Timestamp+123456
	}
	r := newRig(t, 1, timeline.Options{Rate: 8000})
	r.wire = slices.Concat(first, second)
	r.line.Anchor(first[0].Timestamp, r.at(first[0].Arrival+20*time.Millisecond))
	for r.now < 20*time.Second {
		r.turn(r.now + 200*time.Millisecond)
		if r.now == 10200*time.Millisecond {
			r.line.Anchor(second[0].Timestamp, r.at(second[0].Arrival+depth))
		}
	}
	r.sent = r.now
	r.finish()
	expect(t, r, 320, heard(pcm))
}
