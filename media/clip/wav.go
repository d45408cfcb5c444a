package clip

import (
	"bytes"
	"errors"
	"io"

	"rms/media/wav"
)

// wav takes every file that package wav reads.
func (c *collector) wav(data []byte) error {
	r, err := wav.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	f := r.Info().Format
	c.rate = f.Rate
	for pcm := make([]int16, 1024*f.Channels); ; {
		n, err := r.ReadSamples(pcm)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.add(pcm[:n], f.Channels); err != nil {
			return err
		}
	}
}
