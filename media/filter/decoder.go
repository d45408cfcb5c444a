package filter

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"rms/media"
)

// maxReads bounds the packets that one tick of a decoder looks at.
const maxReads = 64

// Noise makes comfort noise (RFC 3389) for a Decoder: Update takes a payload,
// Generate appends n samples to dst.
type Noise interface {
	Update(payload []byte)
	Generate(dst []int16, n int) []int16
	Reset()
}

// Decoder turns the packets of a far end into one tick of PCM after the other,
// whatever the length of the packets. It conceals what is lost. A tick in which
// nothing came has no audio.
//
//	jitter buffer -> ReadPacket -> decode or conceal -> rest of a tick waits here
type Decoder struct {
	reader  media.PacketReader
	decoder media.Decoder
	format  media.Format

	encoding string // of the last packet
	clock    int    // its clock rate in Hz

	skim    media.Skimmer // of the decoder, when it can
	unheard bool          // nobody reads what is put out

	noise   Noise
	noisePT uint8
	noisy   bool // the far end is silent and sent noise to play meanwhile

	need   int     // int16 of a tick
	pcm    []int16 // what went out last tick, then what waits
	used   int     // int16 of pcm that went out
	packet media.Frame
	out    media.Frame
}

// NewDecoder returns a filter without inputs that reads r and decodes with d into
// audio of this format.
func NewDecoder(r media.PacketReader, d media.Decoder, format media.Format) *Decoder {
	f := &Decoder{reader: r, decoder: d, format: format, clock: format.Rate}
	f.skim, _ = d.(media.Skimmer)
	f.Prepare(media.DefaultTick)
	return f
}

// Heard has packets decoded, or passed over where the decoder can: most calls that play
// a prompt have nobody who listens to the caller.
func (f *Decoder) Heard(yes bool) {
	if yes && f.unheard && f.skim != nil {
		clear(f.pcm)
		f.decoder.Reset()
	}
	f.unheard = !yes
}

// SetNoise has packets of payload type pt go to n, which then fills the silence
// until the next packet of audio.
func (f *Decoder) SetNoise(pt uint8, n Noise) { f.noise, f.noisePT, f.noisy = n, pt, false }

// Name returns "decoder" and the encoding that came last.
func (f *Decoder) Name() string { return strings.TrimSpace("decoder " + f.encoding) }

// In returns the zero Format: a decoder has no input.
func (f *Decoder) In() media.Format { return media.Format{} }

// Out returns the format of the decoded audio.
func (f *Decoder) Out() media.Format { return f.format }

// Prepare sets the length of a tick. Room for audio is made when the first comes:
// most calls that play a prompt hear nothing.
func (f *Decoder) Prepare(tick time.Duration) { f.need = f.format.Samples(tick) }

// equip makes room behind what waits for a tick or for the packet at hand.
func (f *Decoder) equip() {
	room := min(max(f.need, f.toPCM(f.packet.Samples)), f.format.Samples(time.Second))
	f.pcm = append(make([]int16, 0, len(f.pcm)+room), f.pcm...)
}

// Process delivers a tick.
func (f *Decoder) Process(_, out []*media.Frame) {
	f.pcm = f.pcm[:copy(f.pcm, f.pcm[f.used:])]
	f.used = 0
	heard := len(f.pcm) > 0
	for i := 0; len(f.pcm) < f.need && i < maxReads; i++ {
		f.packet.Reset()
		f.packet.Samples = f.toClock(f.need - len(f.pcm))
		read := f.reader.ReadPacket(&f.packet)
		if read == media.ReadNone && !heard && !f.noisy && f.stands() {
			break
		}
		if cap(f.pcm)-len(f.pcm) < f.need {
			f.equip()
		}
		switch read {
		case media.ReadPacket:
			heard = f.decode() || heard
		case media.ReadLost:
			f.follow()
			f.noisy = false
			f.pcm = f.decoder.Conceal(f.pcm, f.lost())
			heard = true
		default:
			heard = f.silence() || heard
		}
	}
	out[0] = nil
	if !heard {
		f.pcm = f.pcm[:0]
		return
	}
	f.pad(f.need - len(f.pcm))
	f.used = f.need
	f.out = media.Frame{PCM: f.pcm[:f.need], Format: f.format}
	out[0] = &f.out
}

// decode appends the audio of the packet; false when it has none.
func (f *Decoder) decode() bool {
	if f.noise != nil && f.packet.PayloadType == f.noisePT {
		f.noise.Update(f.packet.Payload)
		f.noisy = true
		return false
	}
	f.follow()
	if f.noisy {
		f.noisy = false
		f.noise.Reset()
	}
	before := len(f.pcm)
	if f.unheard && f.skim != nil && f.packet.Pace == 0 {
		f.pcm = f.skim.Skim(f.pcm, f.packet.Payload)
		return len(f.pcm) > before
	}
	f.pcm = f.decoder.Decode(f.pcm, f.packet.Payload)
	heard := len(f.pcm) > before
	if f.packet.Pace != 0 && f.format.Channels == 1 {
		f.pcm = changePace(f.pcm, before, f.packet.Pace, f.format.Rate)
	}
	return heard
}

// silence appends noise or zeros for what the reader said; false for zeros.
func (f *Decoder) silence() bool {
	n := f.need - len(f.pcm)
	if s := f.toPCM(f.packet.Samples); s > 0 {
		n = min(n, s)
	}
	if f.noisy {
		f.pcm = f.noise.Generate(f.pcm, n)
		return true
	}
	f.pad(n)
	return false
}

// stands reports whether what the reader said holds for the rest of the tick.
func (f *Decoder) stands() bool {
	n := f.toPCM(f.packet.Samples)
	return n <= 0 || len(f.pcm)+n >= f.need
}

// lost returns how many int16 to conceal: at most a second, and the rest of the
// tick when the reader does not say.
func (f *Decoder) lost() int {
	if n := f.toPCM(f.packet.Samples); n > 0 {
		return min(n, f.format.Samples(time.Second))
	}
	return f.need - len(f.pcm)
}

func (f *Decoder) pad(n int) {
	if n <= 0 {
		return
	}
	had := len(f.pcm)
	f.pcm = slices.Grow(f.pcm, n)[:had+n]
	clear(f.pcm[had:])
}

// follow learns the clock rate from the packet's encoding: "G722/8000".
func (f *Decoder) follow() {
	if f.packet.Encoding == f.encoding || f.packet.Encoding == "" {
		return
	}
	f.encoding = f.packet.Encoding
	if rate := clockRate(f.encoding); rate > 0 {
		f.clock = rate
	}
}

// clockRate returns the clock rate that an encoding names, 0 when it names none.
func clockRate(encoding string) int {
	_, rest, _ := strings.Cut(encoding, "/")
	rate, _, _ := strings.Cut(rest, "/")
	n, err := strconv.Atoi(rate)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// toClock turns int16 of PCM into samples of the clock rate.
func (f *Decoder) toClock(n int) int { return n / f.format.Channels * f.clock / f.format.Rate }

// toPCM turns samples of the clock rate into int16 of PCM.
func (f *Decoder) toPCM(n int) int { return n * f.format.Rate / f.clock * f.format.Channels }
