package record

import (
	"os"
	"time"

	"rms/media/record/ledger"
	"rms/media/wav"
)

// sidecarEvery is how often the sidecar of a running recording is written anew, when
// there is news: a crash must not lose what was paused.
const (
	sidecarEvery = 5 * time.Second
	newsEvery    = time.Minute // when there are only gaps, and many
	fewGaps      = 100
)

// newsAfter is how long the news of a gap waits: a short list is written as soon as
// anything else, one that has grown long over a day is not written anew each minute.
func newsAfter(gaps int) time.Duration {
	if gaps <= fewGaps {
		return sidecarEvery
	}
	return newsEvery * time.Duration(1+gaps/500)
}

// sealEvery is how often the end of an encrypted recording is saved.
const sealEvery = 500 * time.Millisecond

// refresh keeps on the disk what a crash would take.
func (c *work) refresh() {
	now := time.Now()
	if c.seal != nil && now.Sub(c.sealed) >= sealEvery && c.stop == none {
		c.sealed = now
		if err := c.flushSealed(); err != nil {
			c.fail("save the end", err)
		}
	}
	age := now.Sub(c.saved)
	due := c.notes.changed && age >= sidecarEvery || c.notes.news && age >= newsAfter(len(c.notes.gaps))
	if !due || c.stop != none {
		return
	}
	c.notes.changed, c.notes.news, c.saved = false, false, now
	if err := c.r.store.putSidecar(c.fillSidecar(ledger.Recording)); err != nil {
		c.fail("write the sidecar", err)
	}
}

// flushSealed saves what is settled in the file, the rest in its tail.
func (c *work) flushSealed() error {
	if c.stored < c.kept.base {
		return nil // the disk failed; heal comes first
	}
	step := int64(stageSamples / c.format.Channels)
	var rest []byte
	for from := c.kept.base; from < c.pos; from += step {
		end := min(c.pos, from+step)
		c.ensureStage()
		out := c.w.stage[:int(end-from)*c.format.Channels]
		c.kept.mix(c, out, from, end)
		rest = wav.AppendSamples(rest, c.r.spec.Encoding, out)
	}
	return c.seal.Flush(rest)
}

// fillSidecar says all that is known now.
func (c *work) fillSidecar(state ledger.State) *ledger.Sidecar {
	r := c.r
	s := r.spec.Sidecar
	s.ID, s.Call, s.Name, s.File, s.State = r.id, r.spec.Call, r.spec.Name, r.File(), state
	s.Started, s.StartedMonotonic = c.started.Add(c.duration(c.origin)), c.startedMono+int64(c.duration(c.origin))
	s.Samples = max(c.inFile(c.stored), 0)
	s.DurationMS = c.duration(s.Samples).Milliseconds()
	s.Rate, s.Channels, s.Encoding = c.format.Rate, c.format.Channels, encodingWord(r.spec.Encoding)
	s.Reason = c.reason
	s.BootID, s.PID = r.store.boot, os.Getpid()
	s.EncryptedTo = nil
	for _, to := range r.spec.Recipients {
		s.EncryptedTo = append(s.EncryptedTo, to.Name)
	}
	s.Gaps, s.Pauses, s.Marks = nil, nil, nil
	if b := c.before; b != nil {
		s.Started, s.StartedMonotonic = b.Started, b.StartedMonotonic
		s.Gaps, s.Pauses, s.Marks, s.Omitted = append(s.Gaps, b.Gaps...), append(s.Pauses, b.Pauses...), append(s.Marks, b.Marks...), b.Omitted
		s.Hold, s.Uploads = b.Hold, b.Uploads
	}
	c.writeNotes(&s)
	s.Sides = c.sidesOf(s.Sides)
	return &s
}

// sidesOf fills what was counted into the sides; labels and parties that the caller gave
// stay.
func (c *work) sidesOf(given []ledger.Side) []ledger.Side {
	var sides []ledger.Side
	for i := range c.lanes {
		l := &c.lanes[i]
		if !c.r.spec.Sides.Has(i) {
			continue
		}
		side := ledger.Side{}
		for k, g := range given {
			if g.Label == c.label(i) || len(given) == len(c.lanes) && k == i {
				side = g
			}
		}
		n := l.stats()
		side.Channel = c.r.spec.Sides.channel(i)
		if side.Label == "" {
			side.Label = c.label(i)
		}
		side.Codecs, side.SSRC = append([]string(nil), l.codecs...), append([]uint32(nil), l.ssrc...)
		side.Packets, side.Lost, side.Late, side.Duplicates = n.Packets, n.Lost, n.Late, n.Duplicates
		side.SkewPPM = n.SkewPPM
		sides = append(sides, side)
	}
	return sides
}

func encodingWord(e wav.Encoding) string {
	switch e {
	case wav.Mulaw:
		return "ulaw"
	case wav.Alaw:
		return "alaw"
	}
	return "pcm"
}
