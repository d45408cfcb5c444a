package filter

// sideLine delays one side of a call by some samples.
type sideLine struct {
	late int     // samples
	rest int     // samples of sound in pcm that were not heard yet
	pcm  []int16 // late samples that wait, then room for a tick
	out  []int16
}

// set makes room for ticks of need samples. Another delay begins with silence.
func (l *sideLine) set(late, need int) {
	if late == l.late && len(l.out) == need {
		return
	}
	if late == 0 {
		*l = sideLine{}
		return
	}
	pcm := make([]int16, late+need)
	if late == l.late {
		copy(pcm[:late], l.pcm)
	} else {
		l.rest = 0
	}
	l.late, l.pcm, l.out = late, pcm, make([]int16, need)
}

// turn takes a tick, nil for silence, and returns one.
func (l *sideLine) turn(pcm []int16) []int16 {
	if l.late == 0 || (pcm == nil && l.rest == 0) {
		return pcm
	}
	put(l.pcm[l.late:], pcm)
	copy(l.out, l.pcm)
	copy(l.pcm, l.pcm[len(l.out):])
	l.rest = max(l.rest-len(l.out), 0)
	if pcm != nil {
		l.rest = l.late
	}
	return l.out
}
