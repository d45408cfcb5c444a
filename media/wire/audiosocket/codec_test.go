package audiosocket_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
	"rms/media/wire/audiosocket"
)

const uuid = "40325ec2-5efd-4bd3-805f-53576e581d13"

// unhex reads bytes as documents write them.
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hello(t testing.TB, id string) []byte {
	t.Helper()
	b, err := audiosocket.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	return audiosocket.AppendMessage(nil, audiosocket.ID, b[:])
}

// read returns the messages of b, which must hold nothing else.
func read(t testing.TB, b []byte) []audiosocket.Message {
	t.Helper()
	r := audiosocket.NewReader(bytes.NewReader(b), 0)
	var out []audiosocket.Message
	for {
		m, err := r.Next()
		if err != nil {
			if err.Error() != "EOF" {
				t.Fatalf("%x: %v", b, err)
			}
			return out
		}
		m.Payload = bytes.Clone(m.Payload)
		out = append(out, m)
	}
}

func TestMessagesAreTheBytesOfTheDescription(t *testing.T) {
	t.Parallel()
	pcm := make([]int16, 320)
	pcm[0], pcm[1] = 1, -2
	for name, c := range map[string]struct {
		got  []byte
		want string
		size int
	}{
		"UUID":            {hello(t, uuid), "01 00 10 40 32 5e c2 5e fd 4b d3 80 5f 53 57 6e 58 1d 13", 19},
		"20 ms at 8 kHz":  {audiosocket.AppendAudio(nil, audiosocket.Slin8, pcm[:160]), "10 01 40 01 00 fe ff", 323},
		"20 ms at 16 kHz": {audiosocket.AppendAudio(nil, audiosocket.Slin16, pcm), "12 02 80 01 00 fe ff", 643},
		"upstream digit":  {audiosocket.AppendDigit(nil, audiosocket.Upstream, '5', time.Second), "03 00 01 35", 4},
		"fork digit": {
			audiosocket.AppendDigit(nil, audiosocket.Fork, '5', 160*time.Millisecond),
			"02 00 06 01 35 00 00 00 00 02 00 06 00 35 a0 00 00 00", 18,
		},
		"fork answer": {audiosocket.AppendSignal(nil, audiosocket.SignalAnswer), "03 00 01 04", 4},
		"hang up":     {audiosocket.AppendMessage(nil, audiosocket.Terminate, nil), "00 00 00", 3},
	} {
		if len(c.got) != c.size || !bytes.HasPrefix(c.got, unhex(t, c.want)) {
			t.Errorf("%s: %x (%d bytes), want %s (%d)", name, c.got, len(c.got), c.want, c.size)
		}
	}
}

func TestBytesPer20Milliseconds(t *testing.T) {
	t.Parallel()
	for rate, want := range map[int]int{
		8000: 320, 12000: 480, 16000: 640, 24000: 960, 32000: 1280, 44100: 1764, 48000: 1920, 96000: 3840, 192000: 7680,
	} {
		k, ok := audiosocket.KindOf(rate)
		if !ok || k.Rate() != rate {
			t.Errorf("%d Hz: kind %s, %v, of %d Hz", rate, k, ok, k.Rate())
		}
		pcm := make([]int16, rate/50)
		if got := len(audiosocket.AppendAudio(nil, k, pcm)) - 3; got != want {
			t.Errorf("%d Hz: %d bytes, want %d", rate, got, want)
		}
	}
	for _, k := range []audiosocket.Kind{0, 1, 2, 3, 4, 0x0f, 0x19, 0xff} {
		if k.Rate() != 0 {
			t.Errorf("%s is audio of %d Hz", k, k.Rate())
		}
	}
	if k, ok := audiosocket.KindOf(11025); ok {
		t.Errorf("11025 Hz has kind %s", k)
	}
}

func TestAppendAudioSendsNothingForNoSamplesAndCutsWhatIsTooLong(t *testing.T) {
	t.Parallel()
	if b := audiosocket.AppendAudio(nil, audiosocket.Slin8, nil); len(b) != 0 {
		t.Errorf("no samples: %x", b)
	}
	pcm := make([]int16, 70000)
	for i := range pcm {
		pcm[i] = int16(i)
	}
	var got []int16
	messages := read(t, audiosocket.AppendAudio(nil, audiosocket.Slin48, pcm))
	for _, m := range messages {
		got = audiosocket.PCM(got, m.Payload)
	}
	if len(messages) != 3 || !cmp.Equal(got, pcm) {
		t.Errorf("%d messages, %d samples", len(messages), len(got))
	}
	if b := audiosocket.AppendMessage(nil, audiosocket.Error, make([]byte, 70000)); len(b) != 3+65535 || b[1] != 0xff || b[2] != 0xff {
		t.Errorf("long payload: %d bytes, header %x", len(b), b[:3])
	}
}

func TestPCMDropsAnOddLastByte(t *testing.T) {
	t.Parallel()
	got := audiosocket.PCM([]int16{7}, []byte{0x01, 0x00, 0x00, 0x80, 0x55})
	if want := []int16{7, 1, -32768}; !cmp.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestUUIDIsReadInEitherCaseAndSentInTextOrder(t *testing.T) {
	t.Parallel()
	for _, text := range []string{uuid, strings.ToUpper(uuid)} {
		id, err := audiosocket.ParseID(text)
		if err != nil || hex.EncodeToString(id[:]) != "40325ec25efd4bd3805f53576e581d13" {
			t.Errorf("%s: %x, %v", text, id, err)
		}
		if audiosocket.FormatID(id) != uuid {
			t.Errorf("%s came back as %s", text, audiosocket.FormatID(id))
		}
	}
}

func TestUUIDIsRefusedUnlessItHas36Characters(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "x", uuid[:35], uuid + "0", strings.ReplaceAll(uuid, "-", ""), "{" + uuid[:34] + "}",
		"40325ec25-efd-4bd3-805f-53576e581d13", "g0325ec2-5efd-4bd3-805f-53576e581d13",
		"40325ec2-5efd-4bd3-805f-53576e581d1é"[:36], strings.Repeat("a", 1<<20),
	} {
		if id, err := audiosocket.ParseID(text); err == nil {
			t.Errorf("%.80q is %x", text, id)
		} else if len(err.Error()) > 400 {
			t.Errorf("error of %d bytes", len(err.Error()))
		}
	}
}

func TestAppendDigitIgnoresWhatIsNoDigit(t *testing.T) {
	t.Parallel()
	for _, d := range []audiosocket.Dialect{audiosocket.Auto, audiosocket.Upstream, audiosocket.Fork} {
		for _, digit := range []byte{0, 1, ' ', 'E', 'e', '5' | 0x80, 0xff} {
			if b := audiosocket.AppendDigit(nil, d, digit, time.Second); len(b) != 0 {
				t.Errorf("%q: %x", digit, b)
			}
		}
	}
	if b := audiosocket.AppendDigit(nil, audiosocket.Upstream, 'd', 0); string(b) != "\x03\x00\x01D" {
		t.Errorf("d: %x", b)
	}
	if b := audiosocket.AppendDigit(nil, audiosocket.Fork, '1', -time.Second); string(b[9:]) != "\x02\x00\x06\x001\x00\x00\x00\x00" {
		t.Errorf("negative duration: %x", b)
	}
	if b := audiosocket.AppendDigit(nil, audiosocket.Fork, '1', 1<<62); string(b[14:]) != "\xff\xff\xff\x7f" {
		t.Errorf("endless duration: %x", b)
	}
}

func TestParseDialect(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]audiosocket.Dialect{
		"": audiosocket.Auto, "upstream": audiosocket.Upstream, "fork": audiosocket.Fork,
	} {
		if d, err := audiosocket.ParseDialect(name); err != nil || d != want || d.String() != name {
			t.Errorf("%q: %v, %v", name, d, err)
		}
	}
	if _, err := audiosocket.ParseDialect("Fork "); err == nil {
		t.Error("an unknown dialect was accepted")
	}
}

func TestEncodingReadsMislabelledG711(t *testing.T) {
	t.Parallel()
	payload := make([]byte, 256)
	for i := range payload {
		payload[i] = byte(i)
	}
	m := audiosocket.Message{Kind: audiosocket.Slin8, Payload: payload}
	for name, want := range map[string][256]int16{"pcmu": media.MulawToLinear, "pcma": media.AlawToLinear} {
		e, err := audiosocket.ParseEncoding(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range e.AppendPCM(nil, m) {
			if got != want[i] {
				t.Errorf("%s 0x%02x is %d, want %d", name, i, got, want[i])
			}
		}
		wide := audiosocket.Message{Kind: audiosocket.Slin16, Payload: payload}
		if n := len(e.AppendPCM(nil, wide)); n != 128 {
			t.Errorf("%s: a message at 16 kHz gave %d samples", name, n)
		}
	}
	for _, name := range []string{"", "slin"} {
		if e, err := audiosocket.ParseEncoding(name); err != nil || len(e.AppendPCM(nil, m)) != 128 {
			t.Errorf("%q: %v, %v", name, e, err)
		}
	}
	if _, err := audiosocket.ParseEncoding("opus"); err == nil {
		t.Error("an unknown encoding was accepted")
	}
}
