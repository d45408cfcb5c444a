package phone

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"rms/media"
	"rms/media/filter"
	"rms/media/wav"
)

// micStep is how much of the file is read at a time.
const micStep = 20 * time.Millisecond

// mic speaks a file: one channel, at the rate of the call's codec.
type mic struct {
	file     *os.File
	reader   *wav.Reader
	rate     *filter.Resampler // nil: the rate fits
	format   media.Format
	channels int
	raw      []int16
	mono     []int16
	ended    bool
}

// openMic opens the file before the call, so that a wrong name costs no call.
func openMic(name string) (*mic, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the file to speak: %w", err)
	}
	size := int64(-1)
	if info, bad := file.Stat(); bad == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	r, err := wav.OpenNamed(file, size, name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", name, err), file.Close())
	}
	return &mic{file: file, reader: r, channels: r.Info().Format.Channels}, nil
}

// tune sets the format that the call wants.
func (m *mic) tune(format media.Format) error {
	from := m.reader.Info().Format
	m.format = format
	m.raw = make([]int16, max(from.Channels, from.Samples(micStep)))
	m.mono = make([]int16, 0, len(m.raw))
	if from.Rate == format.Rate {
		return nil
	}
	var err error
	m.rate, err = filter.NewRate(from.Rate, format.Rate, 1)
	return err
}

// Read delivers the next piece of the file.
func (m *mic) Read(f *media.Frame) error {
	if m.ended {
		return io.EOF
	}
	f.Format = m.format
	n, err := m.reader.ReadSamples(m.raw[:len(m.raw)-len(m.raw)%m.channels])
	mono := m.mix(m.raw[:n])
	if m.rate == nil {
		f.PCM = append(f.PCM[:0], mono...)
	} else {
		f.PCM = m.rate.Process(f.PCM[:0], mono)
	}
	if errors.Is(err, io.EOF) {
		m.ended = true
		if m.rate != nil {
			f.PCM = m.rate.Flush(f.PCM)
		}
	}
	return err
}

func (m *mic) mix(raw []int16) []int16 {
	if m.channels == 1 {
		return raw
	}
	m.mono = m.mono[:0]
	for i := 0; i+m.channels <= len(raw); i += m.channels {
		sum := 0
		for _, s := range raw[i : i+m.channels] {
			sum += int(s)
		}
		m.mono = append(m.mono, int16(sum/m.channels))
	}
	return m.mono
}

// Close closes the file.
func (m *mic) Close() error { return m.file.Close() }

// hush fills the ticks in which nothing is said with zeros, so that the far end
// gets packets all the time and learns our address.
type hush struct {
	format media.Format
	zero   media.Frame
}

func (h *hush) Name() string      { return "hush" }
func (h *hush) In() media.Format  { return h.format }
func (h *hush) Out() media.Format { return h.format }
func (h *hush) Prepare(tick time.Duration) {
	h.zero = media.Frame{PCM: make([]int16, h.format.Samples(tick)), Format: h.format}
}

func (h *hush) Process(in, out []*media.Frame) {
	out[0] = &h.zero
	if len(in) > 0 && in[0] != nil && in[0].PCM != nil {
		out[0] = in[0]
	}
}
