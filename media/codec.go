package media

import "strconv"

// Codec is one way to encode audio for RTP: what a registry of codecs holds and
// what offer and answer choose from.
type Codec struct {
	Name      string // as in the rtpmap: "PCMU"
	PT        int    // static payload type (RFC 3551 section 6), -1 when there is none
	ClockRate int    // of RTP timestamps, in Hz
	Rate      int    // of the decoded audio, in Hz; G.722 has clock 8000 and rate 16000
	Channels  int    // of the audio, interleaved
	Bits      int    // on the wire, per sample of the clock rate and channel

	NewEncoder func() Encoder // returns an encoder in its reset state
	NewDecoder func() Decoder // returns a decoder in its reset state
}

// Encoding returns the name that frames carry for this codec: "PCMU/8000",
// "G722/8000", "opus/48000/2". The number is the clock rate, as in an rtpmap.
func (c Codec) Encoding() string {
	s := c.Name + "/" + strconv.Itoa(c.ClockRate)
	if c.Channels > 1 {
		s += "/" + strconv.Itoa(c.Channels)
	}
	return s
}

// Format returns the format of the decoded audio.
func (c Codec) Format() Format { return Format{Rate: c.Rate, Channels: c.Channels} }

// Encoder encodes PCM of one stream. It may hold state from one call to the next
// and is used by one goroutine at a time.
type Encoder interface {
	// Encode appends the encoded form of pcm to dst and returns it. It does not
	// allocate when dst has room.
	Encode(dst []byte, pcm []int16) []byte
	// Reset returns to the state of a new encoder.
	Reset()
}

// Decoder decodes the payloads of one stream and hides what is lost.
type Decoder interface {
	// Decode appends the audio of payload to dst and returns it.
	Decode(dst []int16, payload []byte) []int16
	// Conceal appends n int16 of audio in place of what was lost.
	Conceal(dst []int16, n int) []int16
	// Reset returns to the state of a new decoder.
	Reset()
}

// Skimmer is a Decoder that can pass a packet over which nobody listens to, because what
// comes later does not depend on it.
type Skimmer interface {
	// Skim appends as many int16 as Decode would, whatever they hold.
	Skim(dst []int16, payload []byte) []int16
}

// Read says what a PacketReader found.
type Read int

// What ReadPacket returns.
const (
	// ReadNone: nothing came yet or the far end is silent (DTX). Play silence.
	ReadNone Read = iota
	// ReadPacket: the frame holds the next packet in order.
	ReadPacket
	// ReadLost: the next packet is missing. Conceal the frame's Samples.
	ReadLost
)

// PacketReader hands out the packets of a stream in order, as a jitter buffer
// does.
//
// On entry f.Samples says how many samples (of the clock rate) the reader still
// needs for its tick, or 0. On return it says for how many the answer stands; a
// ReadNone that leaves it alone or at 0 stands for the rest of the tick. The
// Payload of f is valid until the next call.
type PacketReader interface {
	ReadPacket(f *Frame) Read
}
