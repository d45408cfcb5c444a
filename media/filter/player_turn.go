package filter

import "rms/media"

// turn returns the next tick in the mode of the moment.
func (f *Player) turn() *media.Frame {
	p := f.prompt
	canPCM := len(p.PCM) > 0 || f.o.Decoder != nil
	if len(p.Payload) > 0 && (f.encoded.Load() || !canPCM) {
		return f.payload()
	}
	return f.linear()
}

// payload returns a tick of the prompt's payload: the shared bytes themselves
// unless the pass ends within the tick.
func (f *Player) payload() *media.Frame {
	f.out = media.Frame{Encoding: f.prompt.Encoding, Format: f.prompt.Format, Samples: f.need * f.clock / f.prompt.Format.Rate}
	if from := f.pos; from+f.need <= f.length {
		f.advance(f.need)
		f.out.Payload = f.slice(from, from+f.need)
		return &f.out
	}
	if n := f.byteAt(f.need) + 1; cap(f.bytes) < n {
		f.bytes = make([]byte, 0, n)
	}
	b := f.bytes[:0]
	for got := 0; got < f.need && !f.over; {
		from, n := f.pos, min(f.need-got, f.length-f.pos)
		b = append(b, f.slice(from, from+n)...)
		got += n
		f.advance(n)
	}
	f.out.Payload = f.padded(b)
	return &f.out
}

// padded fills b up to a tick, with what the prompt has behind its end or else
// with the encoding's silence.
func (f *Player) padded(b []byte) []byte {
	missing := f.byteAt(f.need) - len(b)
	if missing <= 0 {
		return b
	}
	if behind := f.prompt.Payload[min(f.byteAt(f.length), len(f.prompt.Payload)):]; len(behind) >= missing {
		return append(b, behind[:missing]...)
	}
	silence := silenceByte(f.prompt.Encoding)
	for range missing {
		b = append(b, silence)
	}
	return b
}

// linear returns a tick of PCM: the shared samples themselves where it can.
func (f *Player) linear() *media.Frame {
	f.out = media.Frame{Format: f.prompt.Format}
	channels := f.prompt.Format.Channels
	if from := f.pos; len(f.prompt.PCM) > 0 && from+f.need <= f.length {
		f.advance(f.need)
		f.out.PCM = f.prompt.PCM[from*channels : (from+f.need)*channels : (from+f.need)*channels]
		return &f.out
	}
	pcm := room(f.pcm, f.need*channels)[:0]
	f.pcm = pcm
	for got := 0; got < f.need && !f.over; {
		n := min(f.need-got, f.length-f.pos)
		pcm = f.samples(pcm, f.pos, f.pos+n)
		got += n
		f.advance(n)
	}
	for len(pcm) < f.need*channels {
		pcm = append(pcm, 0)
	}
	f.out.PCM = pcm
	return &f.out
}

// samples appends the audio of the samples from one to the other.
func (f *Player) samples(dst []int16, from, to int) []int16 {
	channels := f.prompt.Format.Channels
	if len(f.prompt.PCM) > 0 {
		return append(dst, f.prompt.PCM[from*channels:to*channels]...)
	}
	return f.o.Decoder.Decode(dst, f.slice(from, to))
}

// slice returns the payload of the samples from one to the other.
func (f *Player) slice(from, to int) []byte {
	b := f.prompt.Payload
	first, last := min(f.byteAt(from), len(b)), min(f.byteAt(to), len(b))
	return b[first:last:last]
}

// byteAt returns where a sample begins in the payload.
func (f *Player) byteAt(sample int) int {
	return int(int64(sample) * int64(f.rate) / int64(f.prompt.Format.Rate))
}

// advance goes on by n samples, into the next pass when this one is over.
func (f *Player) advance(n int) {
	f.pos += n
	f.played.Add(int64(n))
	if f.pos < f.length {
		return
	}
	if f.left == 0 {
		f.over = true
		return
	}
	f.left = max(f.left-1, Forever)
	f.pos = 0
}
