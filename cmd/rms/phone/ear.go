package phone

import (
	"errors"
	"math"
	"os"
	"time"

	"rms/media"
	"rms/media/wav"
)

const (
	earStep    = 20 * time.Millisecond
	earFloor   = -55.0   // dBFS of a step that counts as audio
	earMost    = 1 << 17 // samples kept for the spectrum, from the first audible one
	heardLeast = 60 * time.Millisecond
)

// ear measures what comes and writes it to a file. Its numbers are read after
// the graph was closed.
type ear struct {
	format media.Format
	file   *os.File // nil: not saved
	writer *wav.Writer

	step    []int16 // part of a step
	total   int64   // samples
	audible int64   // samples of audible steps
	power   float64 // sum of squares of audible steps
	peak    int
	kept    []int16
}

// newEar opens the file, so that a bad place costs no call.
func newEar(name string, format media.Format) (*ear, error) {
	e := &ear{format: format, step: make([]int16, 0, format.Samples(earStep))}
	if name == "" {
		return e, nil
	}
	var err error
	if e.file, err = os.Create(name); err != nil {
		return nil, err
	}
	if e.writer, err = wav.NewWriter(e.file, format, wav.PCM); err != nil {
		return nil, errors.Join(err, e.file.Close())
	}
	return e, nil
}

// Write takes a tick of what the far end says.
func (e *ear) Write(f *media.Frame) error {
	pcm := f.PCM
	if f.Lost || pcm == nil {
		pcm = make([]int16, f.Samples*e.format.Channels)
	}
	e.total += int64(len(pcm))
	for rest := pcm; len(rest) > 0; {
		n := min(len(rest), cap(e.step)-len(e.step))
		e.step = append(e.step, rest[:n]...)
		rest = rest[n:]
		if len(e.step) == cap(e.step) {
			e.measure()
		}
	}
	if e.writer == nil {
		return nil
	}
	return e.writer.WriteSamples(pcm)
}

func (e *ear) measure() {
	var sum float64
	for _, s := range e.step {
		sum += float64(s) * float64(s)
		e.peak = max(e.peak, int(s), -int(s))
	}
	audible := decibels(sum/float64(len(e.step))) > earFloor
	if audible {
		e.audible += int64(len(e.step))
		e.power += sum
	}
	if (audible || len(e.kept) > 0) && len(e.kept) < earMost {
		e.kept = append(e.kept, e.step...)
	}
	e.step = e.step[:0]
}

// decibels turns a mean square of 16 bit samples into dBFS (a full sine is -3).
func decibels(meanSquare float64) float64 {
	return 10 * math.Log10(math.Max(meanSquare, 1e-9)/(32768*32768))
}

// Close finishes the file.
func (e *ear) Close() error {
	if e.writer == nil {
		return nil
	}
	return errors.Join(e.writer.Close(), e.file.Close())
}

func (e *ear) duration(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / time.Duration(e.format.Rate*e.format.Channels)
}

// level is that of the audible part in dBFS, 0 dB being a sine that just fits.
func (e *ear) level() float64 {
	if e.audible == 0 {
		return math.Inf(-1)
	}
	return decibels(e.power/float64(e.audible)) + 3.0103
}

func (e *ear) heard() bool { return e.duration(e.audible) >= heardLeast }
