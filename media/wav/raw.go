package wav

import (
	"fmt"
	"io"
	"path"
	"strings"

	"rms/media"
)

// rawEndings are the file names that say what a file without a header holds.
var rawEndings = map[string]struct {
	encoding Encoding
	rate     int
}{
	".ulaw": {Mulaw, 8000}, ".ul": {Mulaw, 8000}, ".mulaw": {Mulaw, 8000}, ".pcmu": {Mulaw, 8000},
	".alaw": {Alaw, 8000}, ".al": {Alaw, 8000}, ".pcma": {Alaw, 8000},
	".sln": {PCM, 8000}, ".raw": {PCM, 8000}, ".sln12": {PCM, 12000}, ".sln16": {PCM, 16000}, ".sln24": {PCM, 24000},
	".sln32": {PCM, 32000}, ".sln44": {PCM, 44100}, ".sln48": {PCM, 48000}, ".sln96": {PCM, 96000}, ".sln192": {PCM, 192000},
}

// OpenNamed opens a file by its name: .wav and .wave, or without a header .ulaw,
// .ul, .alaw, .al, .sln, .sln16 and the other rates, .raw. They are mono. A file
// that begins as a WAV file is one, whatever its name. For r and size see Open.
func OpenNamed(r io.Reader, size int64, name string) (*Reader, error) {
	ending := strings.ToLower(path.Ext(name))
	raw, isRaw := rawEndings[ending]
	if !isRaw && ending != ".wav" && ending != ".wave" {
		return nil, fmt.Errorf("the ending %q is not one of .wav, .ulaw, .alaw, .sln, .sln16, .raw", ending)
	}
	in := newInput(r)
	if b := in.peek(12); !isRaw || len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WAVE" {
		h, err := readHeader(in, size)
		if err != nil {
			return nil, err
		}
		return &Reader{in: in, head: h, left: h.dataSize}, nil
	}
	if err := in.failure(); err != nil {
		return nil, err
	}
	l := layout{format: media.Format{Rate: raw.rate, Channels: 1}, encoding: raw.encoding, bits: 8, width: 1}
	if raw.encoding == PCM {
		l.bits, l.width = 16, 2
	}
	return &Reader{in: in, head: header{layout: l, dataSize: max(size, -1)}, left: max(size, -1)}, nil
}
