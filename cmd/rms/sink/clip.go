package sink

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rms/media/filter"
	"rms/media/wav"
)

// clip is the audio that is sent to peers: decoded once, one channel, and resampled
// once for each rate that a stream has.
type clip struct {
	kind string // of the file, for streamAudio: wav, mp3 or ogg
	file []byte // its bytes, when those are sent

	pcm  []int16
	rate int

	mu     sync.Mutex
	byRate map[int][]int16
}

const (
	clipMost = 10 * time.Minute
	fileMost = 3 << 20 // in base64 a message of 4 MiB, which is what a stream takes
)

// openClip reads a WAV file, so that a wrong name costs no stream.
func openClip(name string) (*clip, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the file to play: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the file to play: %w", err)
	}
	r, err := wav.OpenNamed(f, info.Size(), name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	format := r.Info().Format
	c := &clip{rate: format.Rate, byRate: map[int][]int16{}}
	block := make([]int16, format.Samples(20*time.Millisecond)+format.Channels)
	for {
		n, err := r.ReadSamples(block)
		for i := 0; i < n; i += format.Channels {
			sum := 0
			for _, s := range block[i : i+format.Channels] {
				sum += int(s)
			}
			c.pcm = append(c.pcm, int16(sum/format.Channels))
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		if len(c.pcm) > int(clipMost/time.Second)*c.rate {
			return nil, fmt.Errorf("%s is longer than %v", name, clipMost)
		}
	}
	if len(c.pcm) == 0 {
		return nil, fmt.Errorf("%s holds no audio", name)
	}
	return c, nil
}

// openClipFile reads a file of any kind that streamAudio knows, unchanged.
func openClipFile(name string) (*clip, error) {
	kind := strings.TrimPrefix(strings.ToLower(filepath.Ext(name)), ".")
	if kind != "wav" && kind != "mp3" && kind != "ogg" {
		return nil, fmt.Errorf("%s: streamAudio takes files that end in .wav, .mp3 or .ogg", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the file to play: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, fileMost+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(b) > fileMost || len(b) == 0 {
		return nil, fmt.Errorf("%s: one message takes files of 1 to %d bytes", name, fileMost)
	}
	return &clip{kind: kind, file: b}, nil
}

// at returns the clip at a rate in Hz. Nobody writes to it.
func (c *clip) at(rate int) ([]int16, error) {
	if rate == c.rate {
		return c.pcm, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if pcm := c.byRate[rate]; pcm != nil {
		return pcm, nil
	}
	r, err := filter.NewRate(c.rate, rate, 1)
	if err != nil {
		return nil, err
	}
	pcm := r.Flush(r.Process(make([]int16, 0, r.MaxOut(len(c.pcm))), c.pcm))
	c.byRate[rate] = pcm
	return pcm, nil
}
