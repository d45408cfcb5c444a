package media

import (
	"errors"
	"fmt"
	"time"
)

// ErrFormat is wrapped by every error that says that two formats do not fit.
var ErrFormat = errors.New("formats do not fit")

// Format describes PCM: signed 16 bit samples, interleaved when there is more
// than one channel. The zero Format means "any" or "unknown".
type Format struct {
	Rate     int // samples per second and channel, in Hz
	Channels int // 1 is mono
}

// Samples returns how many int16 hold d of audio: all channels together. Parts
// of a sample are cut off.
func (f Format) Samples(d time.Duration) int {
	return int(int64(f.Rate)*int64(d)/int64(time.Second)) * f.Channels
}

// Duration returns how long n int16 of all channels together last.
func (f Format) Duration(n int) time.Duration {
	if f.Rate <= 0 || f.Channels <= 0 {
		return 0
	}
	return time.Duration(int64(n/f.Channels) * int64(time.Second) / int64(f.Rate))
}

// IsZero reports whether f is the zero Format.
func (f Format) IsZero() bool { return f == Format{} }

// Check returns an error that wraps ErrFormat unless f can be processed:
// 1 Hz to 384 kHz and 1 to 8 channels.
func (f Format) Check() error {
	if f.Rate < 1 || f.Rate > 384000 {
		return fmt.Errorf("%w: sample rate %d Hz, allowed are 1 to 384000", ErrFormat, f.Rate)
	}
	if f.Channels < 1 || f.Channels > 8 {
		return fmt.Errorf("%w: %d channels, allowed are 1 to 8", ErrFormat, f.Channels)
	}
	return nil
}

// String returns the format as in "8000 Hz x1".
func (f Format) String() string {
	if f.IsZero() {
		return "any"
	}
	return fmt.Sprintf("%d Hz x%d", f.Rate, f.Channels)
}
