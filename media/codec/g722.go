package codec

import "rms/media"

// G.722 at 64 kbit/s (mode 1): the two halves of the band, 0-4 and 4-8 kHz, are
// coded by ADPCM at 8 kHz each, 6 bits for the lower and 2 for the upper. The
// arithmetic is that of the Recommendation's sections 5 and 6, saturation
// included, so streams agree bit for bit with other implementations. The RTP
// clock is 8000 Hz by an old mistake that RFC 3551 section 4.5.2 keeps.
func init() {
	Register(media.Codec{
		Name: "G722", PT: 9, ClockRate: 8000, Rate: 16000, Channels: 1, Bits: 8,
		NewEncoder: func() media.Encoder { return newG722Encoder() },
		NewDecoder: func() media.Decoder { return newG722Decoder() },
	})
}

// g722Chunk is how many pairs of samples go through the filter bank at once.
const g722Chunk = 160

type g722Encoder struct {
	low, high g722Band
	odd       bool // half of a pair is held back
	held      int16
	past      [g722Taps - 2 + 2*g722Chunk]int16 // history, then the chunk
}

func newG722Encoder() *g722Encoder {
	e := &g722Encoder{}
	e.Reset()
	return e
}

func (e *g722Encoder) Reset() {
	*e = g722Encoder{low: newG722Band(g722LowStart), high: newG722Band(g722HighStart)}
}

// Encode codes two samples to a byte; the last one of an odd number waits for
// the next call.
func (e *g722Encoder) Encode(dst []byte, pcm []int16) []byte {
	if e.odd && len(pcm) > 0 {
		pair := [2]int16{e.held, pcm[0]}
		e.odd, pcm = false, pcm[1:]
		dst = e.encode(dst, pair[:])
	}
	if len(pcm)%2 == 1 {
		e.odd, e.held = true, pcm[len(pcm)-1]
		pcm = pcm[:len(pcm)-1]
	}
	for len(pcm) > 0 {
		n := min(len(pcm), 2*g722Chunk)
		dst = e.encode(dst, pcm[:n])
		pcm = pcm[n:]
	}
	return dst
}

func (e *g722Encoder) encode(dst []byte, pcm []int16) []byte {
	const history = g722Taps - 2
	copy(e.past[history:], pcm)
	dst, out := extend(dst, len(pcm)/2)
	for i := range out {
		even, odd := g722QMF((*[g722Taps]int16)(e.past[2*i:]))
		low := clamp15((even + odd) >> 14)
		high := clamp15((even - odd) >> 14)
		out[i] = byte(e.high.encodeHigh(high)<<6 | e.low.encodeLow(low))
	}
	copy(e.past[:history], e.past[len(pcm):])
	return dst
}

type g722Decoder struct {
	low, high g722Band
	past      [g722Taps - 2 + 2*g722Chunk]int16
	plc       concealer
}

func newG722Decoder() *g722Decoder {
	d := &g722Decoder{plc: newConcealer(16000)}
	d.Reset()
	return d
}

func (d *g722Decoder) Reset() {
	d.low, d.high = newG722Band(g722LowStart), newG722Band(g722HighStart)
	d.past = [len(d.past)]int16{}
	d.plc.reset()
}

// Decode gives two samples for each byte.
func (d *g722Decoder) Decode(dst []int16, payload []byte) []int16 {
	start := len(dst)
	for len(payload) > 0 {
		n := min(len(payload), g722Chunk)
		dst = d.decode(dst, payload[:n])
		payload = payload[n:]
	}
	d.plc.heard(dst[start:])
	return dst
}

func (d *g722Decoder) decode(dst []int16, payload []byte) []int16 {
	const history = g722Taps - 2
	dst, out := extend(dst, 2*len(payload))
	for i, c := range payload {
		low := d.low.decodeLow(int32(c & 63))
		high := d.high.decodeHigh(int32(c >> 6))
		d.past[history+2*i] = int16(low + high)
		d.past[history+2*i+1] = int16(low - high)
		even, odd := g722QMF((*[g722Taps]int16)(d.past[2*i:]))
		out[2*i] = int16(clamp16(even >> 11))
		out[2*i+1] = int16(clamp16(odd >> 11))
	}
	copy(d.past[:history], d.past[2*len(payload):])
	return dst
}

// Conceal leaves the predictors as they are: they find back to the encoder's
// within some 30 ms by their leakage, under the cross-fade of the next packet.
func (d *g722Decoder) Conceal(dst []int16, n int) []int16 { return d.plc.conceal(dst, n) }
