//go:build linux

package interop_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recordings are WAVs of every common kind; the name says the kind.
var recordings = map[string][]string{
	"pcm8k":      {"-r", "8000", "-c", "1", "-b", "16"},
	"pcm16k":     {"-r", "16000", "-c", "1", "-b", "16"},
	"stereo441k": {"-r", "44100", "-c", "2", "-b", "16"},
	"pcm48k":     {"-r", "48000", "-c", "1", "-b", "16"},
	"pcm24bit":   {"-r", "48000", "-c", "2", "-b", "24"},
	"float":      {"-r", "16000", "-c", "1", "-e", "floating-point", "-b", "32"},
	"alaw":       {"-r", "8000", "-c", "1", "-e", "a-law"},
	"mulaw":      {"-r", "8000", "-c", "1", "-e", "mu-law"},
}

// wire is how a codec is offered, and what ffmpeg calls its payload.
type wire struct {
	formats, rtpmap string
	pt              uint8
	format, rate    string
	hz              int
}

var codecs = map[string]wire{
	"PCMU":      {"0 101", "a=rtpmap:101 telephone-event/8000", 0, "mulaw", "8000", 8000},
	"PCMA":      {"8 101", "a=rtpmap:101 telephone-event/8000", 8, "alaw", "8000", 8000},
	"G722":      {"9 101", "a=rtpmap:101 telephone-event/8000", 9, "g722", "16000", 16000},
	"L16-8000":  {"96", "a=rtpmap:96 L16/8000", 96, "s16be", "8000", 8000},
	"L16-16000": {"97", "a=rtpmap:97 L16/16000", 97, "s16be", "16000", 16000},
}

const promptLength = 1200 * time.Millisecond

// soundRoot makes a media root with one recording of each kind.
func soundRoot(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "long.wav"), "10", "300", "-r", "8000", "-c", "1")
	for name, form := range recordings {
		sound(t, filepath.Join(dir, name+".wav"), "1.2", "440", form...)
	}
	return dir
}

func TestCallerThroughKamailioHearsEveryWAVWithEveryCodec(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	startServer(t, firstServer, playUser, soundRoot(t))
	k := startKamailio(t, "", firstServer)
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) { hearAll(t, codec) })
	}
	if !soon(30*time.Second, func() bool { return k.byes() >= len(codecs)*len(recordings) }) {
		t.Errorf("Kamailio saw %d BYEs with a Route, want one a call", k.byes())
	}
}

// hearAll calls every recording at the same time and listens to each.
func hearAll(t *testing.T, codec wire) {
	t.Helper()
	ears, calls := map[string]*ear{}, map[string]*placed{}
	for file := range recordings {
		ears[file] = listen(t)
		calls[file] = caller{scenario: "prompt", user: file, ear: ears[file], formats: codec.formats, rtpmap: codec.rtpmap}.place(t)
	}
	for file, e := range ears {
		t.Run(file, func(t *testing.T) {
			list := calls[file].end(t)
			wantTone(t, decode(t, codec.format, codec.rate, e.stream(t, codec.pt)), codec.hz, 440, promptLength)
			if via := find(t, list, "BYE ").header("Via"); !strings.Contains(via, " 127.77.2.1;") {
				t.Errorf("the BYE came by %q, not through Kamailio", via)
			}
			if contact := find(t, list, "SIP/2.0 200").header("Contact"); !strings.Contains(contact, firstServer) {
				t.Errorf("Contact of the 200 is %q, want our own address %s", contact, firstServer)
			}
		})
	}
}

func TestWithoutRecordRouteTheByeComesStraight(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	startServer(t, firstServer, playUser, soundRoot(t))
	startKamailio(t, "NO_RR", firstServer)
	e := listen(t)
	list := caller{scenario: "straight", user: "pcm16k", ear: e, formats: "8", sockets: true}.call(t)
	wantTone(t, decode(t, "alaw", "8000", e.stream(t, 8)), 8000, 440, promptLength)
	if via := find(t, list, "BYE ").header("Via"); !strings.Contains(via, firstServer) {
		t.Errorf("the BYE came by %q, want straight from %s", via, firstServer)
	}
}

func TestTopologyHidingHidesNothingThatWeNeed(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	s := startServer(t, firstServer, menu, soundRoot(t))
	startKamailio(t, "WITH_TOPOH", firstServer)
	t.Run("our BYE", func(t *testing.T) {
		e := listen(t)
		list := caller{scenario: "prompt", user: "stereo441k", ear: e}.call(t)
		wantTone(t, decode(t, "mulaw", "8000", e.stream(t, 0)), 8000, 440, promptLength)
		if via := find(t, list, "BYE ").header("Via"); !strings.Contains(via, " 127.77.2.1;") {
			t.Errorf("the BYE came by %q, not through Kamailio", via)
		}
	})
	t.Run("the caller's BYE", func(t *testing.T) {
		caller{scenario: "hangup", user: "pcm8k", listen: 300 * time.Millisecond}.call(t)
	})
	t.Run("re-INVITE", func(t *testing.T) {
		caller{scenario: "hold", user: "long", keys: map[string]string{"other_port": "9", "other_formats": "8"}}.call(t)
	})
	t.Run("CANCEL", func(t *testing.T) {
		find(t, caller{scenario: "cancel", user: "ring"}.call(t), "SIP/2.0 487")
	})
	if !s.soonSays("!!:") {
		t.Error("rms never saw a masked Call-ID: topoh did not work")
	}
}
