package media

// Frame is one tick of audio, decoded, encoded or both. It belongs to the filter
// that wrote it and lives until that filter's next tick: readers only read, so a
// fan-out is free. A Link copies.
type Frame struct {
	PCM     []int16 // decoded audio in Format, interleaved; nil: only Payload
	Format  Format  // of PCM; the zero Format when there is none
	Payload []byte  // encoded audio as it goes on the wire; nil: only PCM

	Encoding    string // of Payload, as Codec.Encoding writes it: "PCMU/8000"
	PayloadType uint8  // RTP payload type of Payload
	Timestamp   uint32 // RTP timestamp of the first sample, in units of the clock rate
	// Samples is the length in samples per channel at the RTP clock rate of the
	// payload. It is set for frames with a Payload and for Lost ones; PCM has its
	// own length.
	Samples int
	Marker  bool // first packet of a talk spurt (RFC 3551 section 4.1)
	Lost    bool // nothing came for these Samples: the decoder conceals them
	// Pace asks whoever decodes the Payload for a little less audio (below 0) or more
	// (above), because the jitter buffer holds too much or too little. At 1 and -1 it
	// is done where nobody hears it; beyond, wherever it is heard least.
	Pace int8
}

// Reset empties the frame. It keeps the storage of PCM and Payload for the next
// use, with length 0.
func (f *Frame) Reset() {
	*f = Frame{PCM: f.PCM[:0], Payload: f.Payload[:0]}
}
