package timeline

import "time"

// Packet is one RTP packet as it came, or as we sent it. Arrival is its time on the
// recording's time line, negative when it came before the recording began.
type Packet struct {
	Payload     []byte
	Timestamp   uint32
	Sequence    uint16
	SSRC        uint32
	PayloadType uint8
	Marker      bool
	Arrival     time.Duration
}
