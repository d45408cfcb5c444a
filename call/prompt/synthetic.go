package prompt

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"rms/media"
)

// Bounds of what is synthesised.
const (
	toneLevel  = 0.25 // of full scale: -12 dBFS
	toneMax    = 60 * time.Second
	toneSecond = time.Second
)

// synthesised is the place of prompts that no file holds.
const synthesised = -2

// synthetic reports whether a name asks for a tone or silence: "tone:440",
// "tone:440/2s", "silence:1s".
func synthetic(name string) bool {
	return strings.HasPrefix(name, "tone:") || strings.HasPrefix(name, "silence:")
}

// synthesise makes a tone or silence. A tone without a length lasts one second per
// pass, a whole number of periods, so that it can go on for ever without a seam.
func synthesise(name string, to media.Format) ([]int16, error) {
	kind, arg, _ := strings.Cut(name, ":")
	hz, length := 0.0, toneSecond
	first, second, hasLength := strings.Cut(arg, "/")
	var err error
	if kind == "tone" {
		if hz, err = strconv.ParseFloat(first, 64); err != nil || hz < 1 || hz >= float64(to.Rate)/2 {
			return nil, fmt.Errorf("a tone is 1 to %d Hz here, as in tone:440 or tone:440/2s", to.Rate/2-1)
		}
		if !hasLength {
			hz = math.Round(hz)
		}
	} else {
		second, hasLength = first, first != ""
	}
	if hasLength {
		if length, err = time.ParseDuration(second); err != nil || length < 10*time.Millisecond || length > toneMax {
			return nil, errors.New("a length is 10ms to 60s")
		}
	}
	pcm := make([]int16, to.Samples(length), to.Samples(length)+to.Samples(padding))
	for i := range pcm {
		pcm[i] = int16(toneLevel * math.MaxInt16 * math.Sin(2*math.Pi*hz*float64(i/to.Channels)/float64(to.Rate)))
	}
	return pcm, nil
}

// noFile stands for the file of what is synthesised: it never changes.
type noFile string

func (n noFile) Name() string     { return string(n) }
func (noFile) Size() int64        { return 0 }
func (noFile) Mode() fs.FileMode  { return 0 }
func (noFile) ModTime() time.Time { return time.Time{} }
func (noFile) IsDir() bool        { return false }
func (noFile) Sys() any           { return nil }
