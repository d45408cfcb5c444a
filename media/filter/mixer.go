package filter

import "rms/media"

// Mixer adds its inputs, as many as are connected, and limits the sum to 16 bits.
// Without audio on any input it has none; with audio on one it passes that frame
// through, encoded ones too. Room for a sum is made when there is something to add.
type Mixer struct {
	format media.Format
	sum    []int32
	pcm    []int16
	out    media.Frame
}

// NewMixer returns a mixer for audio of this format.
func NewMixer(format media.Format) *Mixer { return &Mixer{format: format} }

// Name returns "mixer".
func (f *Mixer) Name() string { return "mixer" }

// In returns the mixer's format.
func (f *Mixer) In() media.Format { return f.format }

// Out returns the mixer's format.
func (f *Mixer) Out() media.Format { return f.format }

// Process mixes a tick. Encoded frames cannot be added: of them the first passes
// when there is no PCM, else they are left out.
func (f *Mixer) Process(in, out []*media.Frame) {
	var one, encoded *media.Frame
	active, longest := 0, 0
	for _, fr := range in {
		switch {
		case fr == nil:
		case len(fr.PCM) > 0:
			one = fr
			active++
			longest = max(longest, len(fr.PCM))
		case encoded == nil && len(fr.Payload) > 0:
			encoded = fr
		}
	}
	switch active {
	case 0:
		out[0] = encoded
	case 1:
		out[0] = one
	default:
		f.pcm = room(f.pcm, longest)
		f.out = media.Frame{PCM: f.mix(in, longest, active), Format: f.format}
		out[0] = &f.out
	}
}

func (f *Mixer) mix(in []*media.Frame, n, active int) []int16 {
	if active == 2 {
		if a, b := pair(in); len(a) == len(b) {
			return add(f.pcm[:n], a, b)
		}
	}
	if cap(f.sum) < n {
		f.sum = make([]int32, n)
	}
	sum := f.sum[:n]
	clear(sum)
	for _, fr := range in {
		if fr == nil {
			continue
		}
		for i, v := range fr.PCM {
			sum[i] += int32(v)
		}
	}
	pcm := f.pcm[:n]
	for i, v := range sum {
		pcm[i] = int16(max(-32768, min(v, 32767)))
	}
	return pcm
}

// pair returns the PCM of the first two inputs that have some.
func pair(in []*media.Frame) (a, b []int16) {
	for _, fr := range in {
		switch {
		case fr == nil || len(fr.PCM) == 0:
		case a == nil:
			a = fr.PCM
		default:
			return a, fr.PCM
		}
	}
	return a, b
}

// add writes a + b to dst; all have the same length.
func add(dst, a, b []int16) []int16 {
	a, b = a[:len(dst)], b[:len(dst)]
	for i, v := range a {
		dst[i] = int16(max(-32768, min(int32(v)+int32(b[i]), 32767)))
	}
	return dst
}
