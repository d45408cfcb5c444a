package sink

import (
	"errors"
	"fmt"
	"os"

	"rms/media"
	"rms/media/wav"
)

// mostFormats is how often the format of a lane may change: each change begins a file.
const mostFormats = 8

var errFormats = fmt.Errorf("the format has changed %d times: no more files are begun", mostFormats)

// recording writes the audio of one lane: one WAV file, or one for each channel. A
// file is made when its first audio comes. The goroutine that receives owns it.
type recording struct {
	dir    *folder
	tail   string // between base and .wav: "", "-R", "-W"
	split  bool
	format media.Format
	begun  int

	files  []*os.File
	wavs   []*wav.Writer
	single []int16
	names  []string
}

// write appends interleaved samples; base is the name for a file that it begins.
func (r *recording) write(base string, pcm []int16, f media.Format) error {
	if r == nil || r.dir == nil || len(pcm) == 0 {
		return nil
	}
	if f != r.format {
		if err := r.begin(base, f); err != nil {
			return err
		}
	}
	if len(r.wavs) == 1 {
		return r.wavs[0].WriteSamples(pcm)
	}
	for c, w := range r.wavs {
		r.single = r.single[:0]
		for i := c; i < len(pcm); i += len(r.wavs) {
			r.single = append(r.single, pcm[i])
		}
		if err := w.WriteSamples(r.single); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) begin(base string, f media.Format) error {
	if err := r.close(); err != nil {
		return err
	}
	if r.begun++; r.begun > mostFormats {
		return errFormats
	}
	tails, each := []string{r.tail}, f
	if r.split && f.Channels == 2 {
		tails, each = []string{r.tail + "-left", r.tail + "-right"}, media.Format{Rate: f.Rate, Channels: 1}
	}
	for _, tail := range tails {
		file, name, err := r.dir.create(base, tail+".wav")
		if err != nil {
			return err
		}
		r.files, r.names = append(r.files, file), append(r.names, name)
		w, err := wav.NewWriter(file, each, wav.PCM)
		if err != nil {
			return err
		}
		r.wavs = append(r.wavs, w)
	}
	r.format = f
	return nil
}

// close ends the files with their final length.
func (r *recording) close() error {
	if r == nil {
		return nil
	}
	var errs []error
	for _, w := range r.wavs {
		errs = append(errs, w.Close())
	}
	for _, f := range r.files {
		errs = append(errs, f.Close())
	}
	r.wavs, r.files, r.format = nil, nil, media.Format{}
	return errors.Join(errs...)
}
