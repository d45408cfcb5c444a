package timeline

// Gap is a stretch without audio.
type Gap struct {
	At, Length int64 // in samples of Options.Rate
	Packets    int   // that are missing
	Reason     string
}

// Reasons of a Gap.
const (
	Loss   = "loss"   // packets never came
	Late   = "late"   // packets came when their place was settled
	DTX    = "dtx"    // the far end sent no audio for a moment, or comfort noise
	Silent = "silent" // nothing came for long: hold, mute
	Jump   = "jump"   // the stream began anew: its timestamps or its source changed
)

const mostGaps = 1024 // that wait for Gaps; the oldest go

// Gaps yields the gaps that became final since the last call, in order.
func (l *Line) Gaps(yield func(Gap)) {
	for _, g := range l.gaps {
		yield(g)
	}
	l.gaps = l.gaps[:0]
	if cap(l.gaps) > 64 {
		l.gaps = nil
	}
}

// gap notes that there was no audio between the last one and position at.
func (l *Line) gap(t *track, at int64) {
	missed, hushed := t.missed, t.hushed
	t.missed, t.hushed = 0, false
	length := at - l.end
	if length <= 0 {
		return
	}
	g := Gap{At: l.end, Length: length, Packets: missed}
	lost := int64(missed) * t.units * l.rate / t.clock
	long := length >= 2*l.rate
	switch {
	case missed > 0 && (lost*4 >= length || !long):
		g.Reason = Loss
	case hushed:
		g.Reason = DTX
	case long, !l.heard:
		g.Reason = Silent
	case !t.settled && t.reason != "":
		g.Reason = t.reason
	default:
		g.Reason = DTX
	}
	l.note(g)
}

func (l *Line) note(g Gap) {
	if n := len(l.gaps); n > 0 && g.Reason == Late {
		if last := &l.gaps[n-1]; last.Reason == Late && last.At+last.Length == g.At {
			last.Length += g.Length
			last.Packets += g.Packets
			return
		}
	}
	if len(l.gaps) >= mostGaps {
		copy(l.gaps, l.gaps[1:])
		l.gaps = l.gaps[:mostGaps-1]
	}
	l.gaps = append(l.gaps, g)
}
