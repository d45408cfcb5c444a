package clip_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"rms/media/audiotest"
	"rms/media/clip"
)

// tool runs ffmpeg or sox and returns what it wrote. Where it is missing the test is
// skipped, except in CI.
func tool(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs %s: apt-get install %s", name, name)
		}
		t.Skipf("%s is not installed", name)
	}
	if name == "ffmpeg" {
		args = append([]string{"-nostdin", "-loglevel", "error", "-y"}, args...)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, errs.Bytes())
	}
	return out.Bytes()
}

// source writes a WAV file of something like speech on the left and a chord on the
// right, or of the left alone.
func source(t *testing.T, rate, channels int) string {
	t.Helper()
	const seconds = 2
	left := audiotest.Voice(rate, -9, seconds*1e9)
	right := audiotest.Tones(rate, seconds*1e9, -12, 440, 550, 660)
	b := make([]byte, 0, 4*len(left))
	for i := range left {
		b = binary.LittleEndian.AppendUint16(b, uint16(left[i]))
		if channels == 2 {
			b = binary.LittleEndian.AppendUint16(b, uint16(right[i]))
		}
	}
	name := filepath.Join(t.TempDir(), "source.wav")
	header := wavHeader(rate, channels, len(b))
	if err := os.WriteFile(name, append(header, b...), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// wavHeader is what is before size bytes of PCM of 16 bits.
func wavHeader(rate, channels, size int) []byte {
	h := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(size+36))
	h = append(h, "WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	h = binary.LittleEndian.AppendUint16(h, uint16(channels))
	h = binary.LittleEndian.AppendUint32(h, uint32(rate))
	h = binary.LittleEndian.AppendUint32(h, uint32(rate*channels*2))
	h = binary.LittleEndian.AppendUint16(h, uint16(channels*2))
	h = append(h, 16, 0, 'd', 'a', 't', 'a')
	return binary.LittleEndian.AppendUint32(h, uint32(size))
}

// mean decodes a file with ffmpeg and returns the mean of its channels.
func mean(t *testing.T, name string, channels int, args ...string) []int16 {
	t.Helper()
	b := tool(t, "ffmpeg", append(args, "-i", name, "-f", "f32le", "-")...)
	pcm := make([]int16, len(b)/4/channels)
	for i := range pcm {
		sum := 0.0
		for c := range channels {
			sum += float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*(i*channels+c):])))
		}
		pcm[i] = int16(min(max(math.RoundToEven(sum/float64(channels)*32768), math.MinInt16), math.MaxInt16))
	}
	return pcm
}

// like decodes a file with both and wants the same length and a small difference.
func like(t *testing.T, name string, channels int, db float64, args ...string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	got, f, err := clip.Decode(kindOf(name), 0, data, minute)
	if err != nil {
		t.Fatal(err)
	}
	want := mean(t, name, channels, args...)
	d := audiotest.Difference(got, want)
	t.Logf("%v: %d samples, difference %.1f dB", f, len(got), d)
	if len(got) != len(want) || d < db {
		t.Errorf("%d samples, want %d; difference %v dB, want %v", len(got), len(want), d, db)
	}
}

func TestVorbisIsWhatFFmpegDecodes(t *testing.T) {
	t.Parallel()
	for i, rate := range []int{8000, 16000, 22050, 44100, 48000, 8000, 16000, 22050, 44100, 48000} {
		channels, q := 1+i/5, i*2%9
		t.Run(fmt.Sprintf("%d Hz x%d q%d", rate, channels, q), func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "x.ogg")
			tool(t, "ffmpeg", "-i", source(t, rate, channels), "-c:a", "libvorbis", "-q:a", strconv.Itoa(q), name)
			like(t, name, channels, 70)
		})
	}
}

// TestVorbisOfOtherEncoders takes files of the encoder in ffmpeg itself, and of sox.
// What the first makes is decoded by ffmpeg in a way of its own; libvorbis decides.
func TestVorbisOfOtherEncoders(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "x.ogg")
	tool(t, "ffmpeg", "-i", source(t, 44100, 2), "-c:a", "vorbis", "-strict", "-2", name)
	like(t, name, 2, 70, "-c:a", "libvorbis")
	tool(t, "sox", source(t, 32000, 1), name)
	like(t, name, 1, 70)
}

// TestVorbisOfSixChannels has channels that are coupled in other ways, and a mapping
// of more than one submap.
func TestVorbisOfSixChannels(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "x.ogg")
	tool(t, "ffmpeg", "-i", source(t, 44100, 2), "-af", "pan=5.1|c0=c0|c1=c1|c2=0.5*c0+0.5*c1|c3=0.3*c0|c4=0.7*c1|c5=0.2*c0-0.2*c1",
		"-c:a", "libvorbis", "-q:a", "3", name)
	like(t, name, 6, 70)
}

func TestOpusIsWhatLibopusDecodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		application, rate, frame string
		channels                 int
		db                       float64
	}{
		{"voip", "6k", "20", 1, 30},
		{"voip", "12k", "10", 1, 30},
		{"voip", "16k", "60", 1, 30},
		{"voip", "32k", "20", 2, 30},
		{"audio", "24k", "20", 1, 30},
		{"audio", "48k", "120", 2, 30},
		{"audio", "96k", "20", 2, 65},
		{"lowdelay", "32k", "2.5", 1, 65},
		{"lowdelay", "64k", "40", 2, 65},
	} {
		t.Run(fmt.Sprintf("%s %s %s ms x%d", c.application, c.rate, c.frame, c.channels), func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "x.ogg")
			tool(t, "ffmpeg", "-i", source(t, 48000, c.channels), "-c:a", "libopus", "-application", c.application, "-b:a", c.rate,
				"-frame_duration", c.frame, name)
			like(t, name, c.channels, c.db, "-c:a", "libopus")
		})
	}
}

func TestMP3IsWhatFFmpegDecodes(t *testing.T) {
	t.Parallel()
	qualities := [][]string{{"-b:a", "48k"}, {"-q:a", "2"}, {"-b:a", "64k", "-joint_stereo", "0"}}
	for i, rate := range []int{16000, 22050, 24000, 32000, 44100, 48000, 16000, 22050, 44100} {
		channels, quality := 1+i%2, qualities[i%len(qualities)]
		t.Run(fmt.Sprintf("%d Hz x%d %s", rate, channels, quality), func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "x.mp3")
			tool(t, "ffmpeg", append(append([]string{"-i", source(t, rate, channels), "-c:a", "libmp3lame"}, quality...), name)...)
			like(t, name, channels, 60)
		})
	}
}

// TestMP3WithPaddedFramesIsWhatFFmpegDecodes has all bit rates of 22050 Hz, the only
// sample rate of MPEG 2 that needs padding, where frames borrow from those before.
func TestMP3WithPaddedFramesIsWhatFFmpegDecodes(t *testing.T) {
	t.Parallel()
	in := source(t, 22050, 1)
	for _, rate := range []string{"8k", "16k", "24k", "32k", "40k", "48k", "56k", "64k", "80k", "96k", "112k", "128k", "144k", "160k"} {
		name := filepath.Join(t.TempDir(), rate+".mp3")
		tool(t, "ffmpeg", "-i", in, "-c:a", "libmp3lame", "-b:a", rate, name)
		like(t, name, 1, 60)
	}
}

// TestWAVOfTools reads what ffmpeg and sox write, also as a stream, where the sizes
// in the header are not known.
func TestWAVOfTools(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "x.wav")
	for _, codec := range []string{"pcm_u8", "pcm_s24le", "pcm_f32le", "pcm_alaw"} {
		tool(t, "ffmpeg", "-i", source(t, 16000, 2), "-c:a", codec, name)
		like(t, name, 2, 60)
	}
	stream := tool(t, "ffmpeg", "-i", source(t, 16000, 1), "-f", "wav", "-")
	if err := os.WriteFile(name, stream, 0o600); err != nil {
		t.Fatal(err)
	}
	like(t, name, 1, 60)
	tool(t, "sox", source(t, 16000, 1), "-e", "u-law", name)
	like(t, name, 1, 60)
}

// TestVorbisCutInTheMiddle plays what is left when the end is missing.
func TestVorbisCutInTheMiddle(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "x.ogg")
	tool(t, "ffmpeg", "-i", source(t, 16000, 1), "-c:a", "libvorbis", "-page_duration", "100000", name)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	pcm, _, err := clip.Decode("ogg", 0, data[:len(data)*3/4], minute)
	if err != nil || len(pcm) < 16000 {
		t.Fatalf("%d samples, %v", len(pcm), err)
	}
	// Two files in one are played one after the other.
	twice, _, err := clip.Decode("ogg", 0, append(bytes.Clone(data), data...), minute)
	if err != nil || len(twice) != 2*2*16000 {
		t.Errorf("%d samples, %v", len(twice), err)
	}
}
