package audiosocket_test

import (
	"testing"
	"time"

	"rms/media/wire/audiosocket"
)

const (
	server = true
	client = false
)

// meansTo checks what a message, in hex with its header, means to a side.
func meansTo(t *testing.T, side bool, d audiosocket.Dialect, message string, want audiosocket.Meaning) {
	t.Helper()
	messages := read(t, unhex(t, message))
	if len(messages) != 1 {
		t.Fatalf("%s: %d messages", message, len(messages))
	}
	if got := audiosocket.Interpret(messages[0], side, d); got != want {
		t.Errorf("server=%v dialect %q: %s means %+v, want %+v", side, d, message, got, want)
	}
}

// toAll checks it for both sides and all dialects.
func toAll(t *testing.T, message string, want audiosocket.Meaning) {
	t.Helper()
	for _, d := range []audiosocket.Dialect{audiosocket.Auto, audiosocket.Upstream, audiosocket.Fork} {
		meansTo(t, server, d, message, want)
		meansTo(t, client, d, message, want)
	}
}

func TestType0x00IsAHangUpWhateverItsLength(t *testing.T) {
	t.Parallel()
	toAll(t, "00 00 00", audiosocket.Meaning{What: audiosocket.Hangup})
	toAll(t, "00 00 02 01 02", audiosocket.Meaning{What: audiosocket.Hangup})
}

func TestType0x01IsTheUUIDForServersOnly(t *testing.T) {
	t.Parallel()
	message := "01 00 10 40325ec25efd4bd3805f53576e581d13"
	meansTo(t, server, audiosocket.Upstream, message, audiosocket.Meaning{What: audiosocket.Identity})
	meansTo(t, client, audiosocket.Upstream, message, audiosocket.Meaning{})
}

func TestServerReadsType0x02Length6AsForkDigitBeginAndEnd(t *testing.T) {
	t.Parallel()
	for _, d := range []audiosocket.Dialect{audiosocket.Upstream, audiosocket.Fork} {
		meansTo(t, server, d, "02 00 06 01 35 00 00 00 00", audiosocket.Meaning{What: audiosocket.Key, Digit: '5', Begin: true})
		meansTo(t, server, d, "02 00 06 00 35 a0 00 00 00",
			audiosocket.Meaning{What: audiosocket.Key, Digit: '5', Duration: 160 * time.Millisecond})
		meansTo(t, server, d, "02 00 06 00 64 ff ff ff ff", audiosocket.Meaning{What: audiosocket.Key, Digit: 'D'})
		meansTo(t, server, d, "02 00 06 00 45 a0 00 00 00", audiosocket.Meaning{}) // no digit
		meansTo(t, server, d, "02 00 06 02 35 a0 00 00 00", audiosocket.Meaning{}) // no state
	}
}

func TestType0x02OfOtherLengthIsIgnored(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"02 00 00", "02 00 01 35", "02 00 05 01 35 00 00 00", "02 00 07 01 35 00 00 00 00 00"} {
		toAll(t, message, audiosocket.Meaning{})
	}
}

func TestServerReadsType0x03Length1AsUpstreamDigit(t *testing.T) {
	t.Parallel()
	for _, d := range []audiosocket.Dialect{audiosocket.Upstream, audiosocket.Fork} {
		for _, digit := range []byte("0123456789*#ABCD") {
			m := audiosocket.Message{Kind: audiosocket.Digit, Payload: []byte{digit}}
			if got := audiosocket.Interpret(m, server, d); got != (audiosocket.Meaning{What: audiosocket.Key, Digit: digit}) {
				t.Errorf("%c: %+v", digit, got)
			}
		}
		meansTo(t, server, d, "03 00 01 04", audiosocket.Meaning{}) // a server's word, not a client's
		meansTo(t, server, d, "03 00 02 35 35", audiosocket.Meaning{})
		meansTo(t, server, d, "03 00 00", audiosocket.Meaning{})
	}
}

func TestClientPlaysType0x02State0AndIgnoresItsBegin(t *testing.T) {
	t.Parallel()
	for _, d := range []audiosocket.Dialect{audiosocket.Auto, audiosocket.Upstream, audiosocket.Fork} {
		meansTo(t, client, d, "02 00 06 01 35 00 00 00 00", audiosocket.Meaning{})
		meansTo(t, client, d, "02 00 06 00 35 a0 00 00 00",
			audiosocket.Meaning{What: audiosocket.Key, Digit: '5', Duration: 160 * time.Millisecond})
	}
}

func TestClientReadsType0x03ByDialectElseByValue(t *testing.T) {
	t.Parallel()
	digit := audiosocket.Meaning{What: audiosocket.Key, Digit: '5'}
	answer := audiosocket.Meaning{What: audiosocket.ControlSignal, Control: audiosocket.SignalAnswer}
	meansTo(t, client, audiosocket.Upstream, "03 00 01 35", digit)
	meansTo(t, client, audiosocket.Upstream, "03 00 01 04", audiosocket.Meaning{})
	meansTo(t, client, audiosocket.Fork, "03 00 01 04", answer)
	meansTo(t, client, audiosocket.Fork, "03 00 01 35", audiosocket.Meaning{What: audiosocket.ControlSignal, Control: 0x35})
	meansTo(t, client, audiosocket.Auto, "03 00 01 35", digit)
	meansTo(t, client, audiosocket.Auto, "03 00 01 04", answer)
	for b := range 256 {
		m := audiosocket.Message{Kind: audiosocket.Control, Payload: []byte{byte(b)}}
		var want audiosocket.What
		switch {
		case b < 0x20:
			want = audiosocket.ControlSignal
		case b == 0x23, b == 0x2a, b >= 0x30 && b <= 0x39, b >= 0x41 && b <= 0x44, b >= 0x61 && b <= 0x64:
			want = audiosocket.Key
		}
		if got := audiosocket.Interpret(m, client, audiosocket.Auto).What; got != want {
			t.Errorf("0x%02x: %d, want %d", b, got, want)
		}
	}
}

func TestSignalsHaveTheNamesOfTheTable(t *testing.T) {
	t.Parallel()
	want := map[int]string{
		1: "hangup", 2: "ring", 3: "ringing", 4: "answer", 5: "busy", 6: "takeoffhook", 7: "offhook", 8: "congestion",
		9: "flash", 10: "wink", 11: "option", 14: "progress", 15: "proceeding", 16: "hold", 17: "unhold",
	}
	for code := -1; code < 300; code++ {
		if got := audiosocket.SignalName(code); got != want[code] {
			t.Errorf("%d is %q, want %q", code, got, want[code])
		}
	}
}

func TestTypes0x10To0x18AreAudio(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"10 00 02 01 00", "11 00 02 01 00", "14 00 01 01", "15 00 02 01 00", "18 00 04 01 00 02 00"} {
		toAll(t, message, audiosocket.Meaning{What: audiosocket.Audio})
	}
}

func TestZeroLengthAudioIsIgnored(t *testing.T) {
	t.Parallel()
	toAll(t, "10 00 00", audiosocket.Meaning{})
	toAll(t, "18 00 00", audiosocket.Meaning{})
}

func TestType0xffIsAnErrorWithAnOptionalCode(t *testing.T) {
	t.Parallel()
	toAll(t, "ff 00 00", audiosocket.Meaning{What: audiosocket.Failure})
	toAll(t, "ff 00 01 04", audiosocket.Meaning{What: audiosocket.Failure, Code: 4})
	toAll(t, "ff 00 03 02 68 69", audiosocket.Meaning{What: audiosocket.Failure, Code: 2})
}

func TestUnknownTypesMeanNothing(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"04 00 01 31", "0f 00 00", "19 00 02 00 00", "7f 00 00", "fe 00 01 01"} {
		toAll(t, message, audiosocket.Meaning{})
	}
}

func TestForkCarriesSlin8Only(t *testing.T) {
	t.Parallel()
	for k := range 256 {
		kind := audiosocket.Kind(k)
		if got := audiosocket.Fork.Carries(kind); got != (k == 0x10) {
			t.Errorf("fork carries %s: %v", kind, got)
		}
		if got := audiosocket.Upstream.Carries(kind); got != (k >= 0x10 && k <= 0x18) {
			t.Errorf("upstream carries %s: %v", kind, got)
		}
	}
}
