package clip_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/clip"
	"rms/media/wav"
)

const minute = 60 * 48000

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// kindOf is the kind of a file by its name.
func kindOf(name string) string { return strings.TrimPrefix(filepath.Ext(name), ".") }

// checkTone wants the tone of the test files: its frequency, level and length.
func checkTone(t *testing.T, pcm []int16, f media.Format, rate int, seconds float64) {
	t.Helper()
	if f != (media.Format{Rate: rate, Channels: 1}) {
		t.Fatalf("format %v, want %d Hz x1", f, rate)
	}
	if got := float64(len(pcm)) / float64(rate); math.Abs(got-seconds) > 0.0005 {
		t.Errorf("%v s, want %v", got, seconds)
	}
	// The ends of what a codec makes are not steady.
	middle := pcm[len(pcm)/4 : len(pcm)*3/4]
	if hz, level := audiotest.Find(middle, rate); math.Abs(hz-1000) > 1 || math.Abs(level+6) > 0.6 {
		t.Errorf("%v Hz at %v dBFS, want 1000 at -6", hz, level)
	}
	if snr := audiotest.SNR(middle, rate, 1000); snr < 15 {
		t.Errorf("%v dB of tone over the rest", snr)
	}
}

func TestFilesAreDecoded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		rate    int
		seconds float64
	}{
		{"tone.wav", 8000, 0.1},
		{"tone_vorbis.ogg", 22050, 0.5},
		{"tone_silk.ogg", 48000, 0.5},
		{"tone_celt.ogg", 48000, 0.5},
		{"tone.mp3", 24000, 0.5},
		{"tone_22050.mp3", 22050, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pcm, f, err := clip.Decode(kindOf(c.name), 0, readFile(t, c.name), minute)
			if err != nil {
				t.Fatal(err)
			}
			checkTone(t, pcm, f, c.rate, c.seconds)
		})
	}
}

func bytesOf(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func TestRawIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	tone := audiotest.Tone(44100, 1000, -6, time.Second)
	pcm, f, err := clip.Decode("raw", 44100, append(bytesOf(tone), 0x7f), len(tone))
	if err != nil {
		t.Fatal(err)
	}
	checkTone(t, pcm, f, 44100, 1) // and half a sample at the end is dropped
	for _, n := range []int{0, 1} {
		if pcm, _, err := clip.Decode("raw", 8000, make([]byte, n), minute); err != nil || len(pcm) != 0 {
			t.Errorf("%d bytes: %v, %v", n, pcm, err)
		}
	}
}

func TestCompandedIsDecoded(t *testing.T) {
	t.Parallel()
	tone := audiotest.Tone(8000, 1000, -6, time.Second)
	ulaw, alaw := make([]byte, len(tone)), make([]byte, len(tone))
	for i, v := range tone {
		ulaw[i], alaw[i] = media.LinearToMulaw(v), media.LinearToAlaw(v)
	}
	for kind, data := range map[string][]byte{"pcmu": ulaw, "pcma": alaw} {
		pcm, f, err := clip.Decode(kind, 0, data, minute)
		if err != nil {
			t.Fatal(err)
		}
		checkTone(t, pcm, f, 8000, 1)
		if _, f, err := clip.Decode(kind, 16000, data, minute); err != nil || f.Rate != 16000 {
			t.Errorf("%s: %v, %v", kind, f, err)
		}
	}
}

// stereo is a WAV file with pcm on the left and silence on the right.
func stereo(t *testing.T, pcm []int16, rate int) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.wav")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := wav.NewWriter(file, media.Format{Rate: rate, Channels: 2}, wav.PCM)
	if err != nil {
		t.Fatal(err)
	}
	both := make([]int16, 2*len(pcm))
	for i, v := range pcm {
		both[2*i] = v
	}
	if err := errors.Join(w.WriteSamples(both), w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestChannelsBecomeTheirMean(t *testing.T) {
	t.Parallel()
	loud := audiotest.Tone(16000, 1000, -0.01, time.Second) // half of it is -6 dBFS
	pcm, f, err := clip.Decode("wav", 0, stereo(t, loud, 16000), minute)
	if err != nil {
		t.Fatal(err)
	}
	checkTone(t, pcm, f, 16000, 1)
}

func TestLimitHoldsForEveryKind(t *testing.T) {
	t.Parallel()
	for kind, data := range map[string][]byte{
		"raw": make([]byte, 2002), "pcmu": make([]byte, 1001), "pcma": make([]byte, 1001), "wav": readFile(t, "tone.wav"), "mp3": readFile(t, "tone.mp3"),
	} {
		if _, _, err := clip.Decode(kind, 8000, data, 700); !errors.Is(err, clip.ErrTooLong) {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, name := range []string{"tone_vorbis.ogg", "tone_silk.ogg", "tone_celt.ogg"} {
		if _, _, err := clip.Decode("ogg", 0, readFile(t, name), 700); !errors.Is(err, clip.ErrTooLong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := clip.Decode("raw", 8000, make([]byte, 2), 0); !errors.Is(err, clip.ErrTooLong) {
		t.Errorf("no limit at all: %v", err)
	}
}

func TestWhatCannotBeDecodedSaysWhy(t *testing.T) {
	t.Parallel()
	vorbis := readFile(t, "tone_vorbis.ogg")
	for _, c := range []struct {
		kind string
		rate int
		data []byte
		want string
	}{
		{"opus", 0, nil, "unknown kind"},
		{"", 0, nil, "unknown kind"},
		{"raw", 0, make([]byte, 4), "sample rate of 0"},
		{"raw", -1, make([]byte, 4), "sample rate"},
		{"raw", 1 << 30, make([]byte, 4), "sample rate"},
		{"wav", 0, nil, "wav"},
		{"wav", 0, []byte("nonsense nonsense nonsense"), "decode wav: "},
		{"wav", 0, readFile(t, "tone.wav")[:44], "no audio"},
		{"mp3", 0, nil, "no frame"},
		{"mp3", 0, bytes.Repeat([]byte{0xff}, 10000), "no frame"},
		{"mp3", 0, vorbis, "no frame"},
		{"mp3", 0, mp3Frames(0xe3, 0x18, 72), "MPEG 2.5 at 8000 Hz is not supported"},
		{"ogg", 0, nil, "no stream of Opus or Vorbis"},
		{"ogg", 0, vorbis[:20], "no stream"},
		{"ogg", 0, readFile(t, "tone.mp3"), "no stream"},
		{"ogg", 0, vorbis[:300], "headers are cut off"},
	} {
		pcm, _, err := clip.Decode(c.kind, c.rate, c.data, minute)
		if err == nil || !strings.Contains(err.Error(), c.want) || pcm != nil {
			t.Errorf("%s: %v, want %q", c.kind, err, c.want)
		}
	}
}

// mp3Frames is a file of silent frames of size bytes with the given second and third.
func mp3Frames(second, third byte, size int) []byte {
	frame := append([]byte{0xff, second, third, 0xc4}, make([]byte, size-4)...)
	return bytes.Repeat(frame, 20)
}

func TestDamagedFilesPlayAsFarAsTheyGo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tone.wav", "tone.mp3", "tone_celt.ogg"} {
		data := readFile(t, name)
		whole, _, err := clip.Decode(kindOf(name), 0, data, minute)
		if err != nil {
			t.Fatal(err)
		}
		part, _, err := clip.Decode(kindOf(name), 0, data[:len(data)*9/10], minute)
		if kindOf(name) == "ogg" {
			// The file is one page of audio: what is cut off takes all with it.
			if err == nil {
				t.Errorf("%s: %d samples of a page that is not whole", name, len(part))
			}
			continue
		}
		if err != nil || len(part) == 0 || len(part) >= len(whole) {
			t.Errorf("%s: %d samples of %d, %v", name, len(part), len(whole), err)
		}
	}
}

// TestSmallFilesThatStandForHoursStopAtTheLimit repeats the shortest packets that
// there are.
func TestSmallFilesThatStandForHoursStopAtTheLimit(t *testing.T) {
	t.Parallel()
	opus := append([]byte("OpusHead\x01\x01"), 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0)
	data := oggPages(opus, []byte("OpusTags"), bytes.Repeat([]byte{0x1b, 0x02}, 1), 1<<16) // 120 ms in two bytes
	begun := time.Now()
	_, _, err := clip.Decode("ogg", 0, data, minute/6)
	if !errors.Is(err, clip.ErrTooLong) {
		t.Errorf("two hours of Opus in %d bytes: %v", len(data), err)
	}
	if _, _, err := clip.Decode("mp3", 0, bytes.Repeat(mp3Frames(0xf3, 0x18, 36), 60), minute/6); !errors.Is(err, clip.ErrTooLong) {
		t.Errorf("silent MP3: %v", err)
	}
	p := packetsOf(t, "tone_vorbis.ogg")
	vorbis := append(oggPage(2, 0, 0, p[0]), oggPage(0, 0, 1, p[1], p[2])...)
	for i := range uint32(256) {
		vorbis = append(vorbis, oggPage(0, -1, i+2, bytes.Split(bytes.Repeat([]byte{0}, 255), nil)...)...) // 255 packets of a byte
	}
	if _, _, err := clip.Decode("ogg", 0, vorbis, minute/6); !errors.Is(err, clip.ErrTooLong) {
		t.Errorf("silent Vorbis: %v", err)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}

// oggPages packs one stream: two packets on pages of their own, then count times
// another.
func oggPages(first, second, packet []byte, count int) []byte {
	data := append(oggPage(2, 0, 0, first), oggPage(0, 0, 1, second)...)
	for i := uint32(2); count > 0; i++ {
		var packets [][]byte
		for range min(count, 255) {
			packets = append(packets, packet)
		}
		count -= len(packets)
		data = append(data, oggPage(0, -1, i, packets...)...)
	}
	return data
}

func oggPage(flags byte, granule int64, sequence uint32, packets ...[]byte) []byte {
	b := append([]byte("OggS\x00"), flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(granule))
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, sequence)
	var lacing, body []byte
	for _, p := range packets {
		lacing = append(append(lacing, bytes.Repeat([]byte{255}, len(p)/255)...), byte(len(p)%255))
		body = append(body, p...)
	}
	if len(lacing) > 255 {
		return nil // more than a page holds
	}
	b = append(append(append(b, 0, 0, 0, 0, byte(len(lacing))), lacing...), body...)
	binary.LittleEndian.PutUint32(b[22:], sumOf(b))
	return b
}

// sumOf is the checksum of a page.
func sumOf(page []byte) uint32 {
	sum := uint32(0)
	for _, v := range page {
		sum ^= uint32(v) << 24
		for range 8 {
			top := sum >> 31
			sum <<= 1
			if top != 0 {
				sum ^= 0x04c11db7
			}
		}
	}
	return sum
}
