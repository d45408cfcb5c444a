package call

import (
	"encoding/binary"
	"fmt"

	"rms/media"
)

// decodeClip returns the audio of a message.
func decodeClip(kind string, rate int, data []byte, limit int) ([]int16, media.Format, error) {
	if kind != "raw" || len(data)/2 > limit {
		return nil, media.Format{}, fmt.Errorf("audio of kind %q cannot be decoded", kind)
	}
	pcm := make([]int16, len(data)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return pcm, media.Format{Rate: rate, Channels: 1}, nil
}
