package filter

import "rms/media"

// Encoder encodes each tick of PCM. Frames that already carry a payload of its
// encoding pass through as they are: shared prompts cost nothing here, not even room
// for a payload, which is made with the first PCM.
type Encoder struct {
	codec    media.Codec
	encoder  media.Encoder
	encoding string
	format   media.Format
	passed   bool // the last frame passed through
	payload  []byte
	out      media.Frame
}

// NewEncoder returns a filter that encodes with e, an encoder of c.
func NewEncoder(c media.Codec, e media.Encoder) *Encoder {
	return &Encoder{codec: c, encoder: e, encoding: c.Encoding(), format: c.Format()}
}

// Name returns "encoder" and the encoding.
func (f *Encoder) Name() string { return "encoder " + f.encoding }

// In returns the format that the codec encodes.
func (f *Encoder) In() media.Format { return f.format }

// Out returns the same: a Format describes the audio, encoded or not.
func (f *Encoder) Out() media.Format { return f.format }

// Process encodes a tick. What is neither PCM nor of its own encoding is dropped.
func (f *Encoder) Process(in, out []*media.Frame) {
	fr := in[0]
	out[0] = nil
	switch {
	case fr == nil:
	case len(fr.Payload) > 0 && fr.Encoding == f.encoding:
		f.passed = true
		out[0] = fr
	case len(fr.PCM) > 0:
		if f.passed {
			f.passed = false
			f.encoder.Reset()
		}
		f.payload = f.encoder.Encode(f.payload[:0], fr.PCM)
		f.out = media.Frame{
			Payload: f.payload, Encoding: f.encoding, Marker: fr.Marker,
			Samples: len(fr.PCM) / f.codec.Channels * f.codec.ClockRate / f.codec.Rate,
		}
		if f.codec.PT >= 0 {
			f.out.PayloadType = uint8(f.codec.PT)
		}
		out[0] = &f.out
	}
}
