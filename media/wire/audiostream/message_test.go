package audiostream_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"rms/media/wire/audiostream"
)

func streamAudio(data string) string { return `{"type":"streamAudio","data":{` + data + `}}` }

func TestStreamAudioIsTaken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, kind string
		rate       int
		body       string
	}{
		{streamAudio(`"audioDataType":"raw","sampleRate":8000,"audioData":"AQID"`), "raw", 8000, `{"audioDataType":"raw","sampleRate":8000}`},
		{streamAudio(`"audioDataType":"raw","sampleRate":64000,"audioData":"AQID"`), "raw", 64000, `{"audioDataType":"raw","sampleRate":64000}`},
		{streamAudio(`"audioDataType":"raw","sampleRate":16000.0,"audioData":"AQID"`), "raw", 16000, `{"audioDataType":"raw","sampleRate":16000.0}`},
		{streamAudio(`"audioDataType":"wav","audioData":"AQID"`), "wav", 0, `{"audioDataType":"wav"}`},
		{streamAudio(`"audioDataType":"mp3","sampleRate":44100,"audioData":"AQID"`), "mp3", 0, `{"audioDataType":"mp3","sampleRate":44100}`},
		{streamAudio(`"audioDataType":"ogg","audioData":"AQID"`), "ogg", 0, `{"audioDataType":"ogg"}`},
		{streamAudio(`"audioDataType":"pcmu","audioData":"AQID"`), "pcmu", 8000, `{"audioDataType":"pcmu"}`},
		{streamAudio(`"audioDataType":"pcma","sampleRate":16000,"audioData":"AQID"`), "pcma", 16000, `{"audioDataType":"pcma","sampleRate":16000}`},
		// Other keys are kept as they were written and where they were, without the blanks.
		{
			"\t{\"data\" : {\"z\":1e3, \"audioData\":\"A\\u0051I\\/\", \"audioDataType\": \"wav\", \"n\": 12345678901234567890.50, \"a\" : [ {\"audioData\":\"kept\"}, \"b \\\" c\" ] , \"\\u00e4\":\"\u00e4\"}, \"type\":\"streamAudio\"}\r\n",
			"wav", 0, "{\"z\":1e3,\"audioDataType\":\"wav\",\"n\":12345678901234567890.50,\"a\":[{\"audioData\":\"kept\"},\"b \\\" c\"],\"\\u00e4\":\"\u00e4\"}",
		},
		// Names in any case, as the original's library has them; the first of two counts.
		{`{"TYPE":"streamAudio","type":"x","Data":{"AudioDataType":"wav","audiodata":"AQID","audioData":"!"}}`, "wav", 0, `{"AudioDataType":"wav"}`},
		// The file is ours to name.
		{streamAudio(`"file":"/etc/passwd","audioDataType":"wav","audioData":"AQID","File":1`), "wav", 0, `{"audioDataType":"wav"}`},
		{streamAudio(`"audioData":"AQID","audioDataType":"wav"`), "wav", 0, `{"audioDataType":"wav"}`},
	} {
		m := audiostream.ParseMessage([]byte(c.text), false)
		if m.Kind != audiostream.StreamAudio || m.Type != c.kind || m.Rate != c.rate || m.Body != c.body || len(m.Audio) == 0 {
			t.Errorf("%s:\n%+v\nwant body %s", c.text, m, c.body)
		}
		if !json.Valid([]byte(m.Body)) {
			t.Errorf("%s: the body is no JSON", m.Body)
		}
	}
}

func TestWhatIsNoStreamAudioIsOther(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", " ", "plain text", "{", "{}", "[]", "null", "7", `"streamAudio"`, `{"type":"streamAudio"}`, `{"type":"streamAudio","data":null}`,
		`{"type":"streamAudio","data":"x"}`, `{"type":"streamAudio","data":[{"audioDataType":"wav","audioData":"AQID"}]}`,
		`{"type":7,"data":{"audioDataType":"wav","audioData":"AQID"}}`, `{"type":"streamaudio","data":{"audioDataType":"wav","audioData":"AQID"}}`,
		streamAudio(`"audioDataType":"raw","sampleRate":44100,"audioData":"AQID"`), // measured
		streamAudio(`"audioDataType":"raw","audioData":"AQID"`),
		streamAudio(`"audioDataType":"raw","sampleRate":"8000","audioData":"AQID"`),
		streamAudio(`"audioDataType":"raw","sampleRate":8000.5,"audioData":"AQID"`),
		streamAudio(`"audioDataType":"raw","sampleRate":1e400,"audioData":"AQID"`),
		streamAudio(`"audioDataType":"raw","sampleRate":` + strings.Repeat("8", 1000) + `,"audioData":"AQID"`),
		streamAudio(`"audioDataType":"opus","audioData":"AQID"`),
		streamAudio(`"audioDataType":"RAW","sampleRate":8000,"audioData":"AQID"`),
		streamAudio(`"audioData":"AQID"`), streamAudio(`"audioDataType":"wav"`), streamAudio(`"audioDataType":"wav","audioData":null`),
		streamAudio(`"audioDataType":"wav","audioData":7`), streamAudio(`"audioDataType":"wav","audioData":{"a":"AQID"}`),
		streamAudio(`"audioDataType":"raw","sampleRate":8000,"audioData":"!!!not base64!!!"`), // measured
		streamAudio(`"audioDataType":"wav","audioData":"A"`), streamAudio(`"audioDataType":"wav","audioData":"AQ=D"`),
		streamAudio(`"audioDataType":"wav","audioData":"AQID="`), streamAudio(`"audioDataType":"wav","audioData":"AQ==="`),
		streamAudio(`"audioDataType":"wav","audioData":"AQ\nID"`), streamAudio(`"audioDataType":"wav","audioData":"+-+-"`),
		streamAudio(`"audioDataType":"wav","audioData":"AQID"`) + "x",
		streamAudio("\"audioDataType\":\"wav\",\"x\":\"\xff\",\"audioData\":\"AQID\""),
		`{"type":"mark"}`, `{"type":"mark","data":{}}`, `{"type":"mark","data":{"name":7}}`, `{"type":"mark","data":{"name":""}}`,
		`{"type":"playAudio","data":{"audioContentType":"mp3","audioContent":"AQID"}}`, `{"type":"transcription"}`, `{"type":"other","data":{"a":1}}`,
	} {
		if m := audiostream.ParseMessage([]byte(s), false); m.Kind != audiostream.Other || m.Audio != nil || m.Body != "" || m.Name != "" {
			t.Errorf("%.100s: %+v", s, m)
		}
	}
}

func TestG1KnowsNoPCMU(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"pcmu", "pcma"} {
		if m := audiostream.ParseMessage([]byte(streamAudio(`"audioDataType":"`+kind+`","audioData":"AQID"`)), true); m.Kind != audiostream.Other {
			t.Errorf("%s: %+v", kind, m)
		}
	}
	if m := audiostream.ParseMessage([]byte(streamAudio(`"audioDataType":"wav","audioData":"AQID"`)), true); m.Kind != audiostream.StreamAudio {
		t.Errorf("%+v", m)
	}
}

func TestBase64IsTakenAsServersWriteIt(t *testing.T) {
	t.Parallel()
	want := string([]byte{0xfb, 0xff, 0xfe, 0x01})
	for _, s := range []string{"+//+AQ==", "+//+AQ", "-__-AQ==", "-__-AQ", `+\/\/+AQ==`, `\u002b//+AQ==`} {
		if m := audiostream.ParseMessage([]byte(streamAudio(`"audioDataType":"wav","audioData":"`+s+`"`)), false); string(m.Audio) != want {
			t.Errorf("%s: %x", s, m.Audio)
		}
	}
}

func TestMessagesOfModAudioFork(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]audiostream.Message{
		`{"type":"playAudio","data":{"audioContentType":"raw","sampleRate":24000,"audioContent":"AQID","textContent":"hi","id":"7"}}`: {
			Kind: audiostream.PlayAudio, Type: "raw", Rate: 24000, Body: `{"audioContentType":"raw","sampleRate":24000,"textContent":"hi","id":"7"}`,
		},
		`{"type":"playAudio","data":{"audioContentType":"raw","audioContent":"AQID"}}`: {
			Kind: audiostream.PlayAudio, Type: "raw", Rate: 16000, Body: `{"audioContentType":"raw"}`,
		},
		`{"type":"playAudio","data":{"audioContentType":"wave","audioContent":"AQID"}}`: {Kind: audiostream.PlayAudio, Type: "wav", Body: `{"audioContentType":"wave"}`},
		`{"type":"playAudio","data":{"audioContent":"AQID","audioContentType":"wav"}}`:  {Kind: audiostream.PlayAudio, Type: "wav", Body: `{"audioContentType":"wav"}`},
		`{"type":"killAudio"}`: {Kind: audiostream.KillAudio},
		`{"type": "mark", "data": {"name":"x", "event": "playout"}}`: {Kind: audiostream.Mark, Name: "x"},
		`{"type":"clearMarks"}`:                                   {Kind: audiostream.ClearMarks},
		`{"type":"disconnect"}`:                                   {Kind: audiostream.Disconnect},
		`{"type":"disconnect","data":{"why": "x"}}`:               {Kind: audiostream.Disconnect, Body: `{"why":"x"}`},
		`{"type":"transcription","data":{"text" : "hello  you"}}`: {Name: "transcription", Body: `{"text":"hello  you"}`},
		`{"type":"transfer","data":{"to":"1000"}}`:                {Name: "transfer", Body: `{"to":"1000"}`},
		`{"type":"error","data":{}}`:                              {Name: "error", Body: `{}`},
	} {
		m := audiostream.ParseMessage([]byte(s), false)
		if want.Kind == audiostream.PlayAudio && string(m.Audio) != "\x01\x02\x03" {
			t.Errorf("%s: %x", s, m.Audio)
		}
		m.Audio = nil
		if m.Kind != want.Kind || m.Type != want.Type || m.Rate != want.Rate || m.Body != want.Body || m.Name != want.Name {
			t.Errorf("%s: %+v, want %+v", s, m, want)
		}
	}
}

// TestHostileMessagesTakeLittle sends what would hurt a parser that recurses, or
// that looks at a text again for every member of it.
func TestHostileMessagesTakeLittle(t *testing.T) {
	t.Parallel()
	const size = audiostream.MaxMessage
	fill := func(before, unit, after string) string {
		return before + strings.Repeat(unit, (size-len(before)-len(after))/len(unit)) + after
	}
	for name, s := range map[string]string{
		"open brackets":      fill("", "[", ""),
		"open objects":       fill(`{"type":"streamAudio","data":`, `{"a":`, ""),
		"deep but right":     `{"type":` + strings.Repeat("[", 9990) + strings.Repeat("]", 9990) + `,"data":{}}`,
		"quotes":             fill(`{"type":"`, `"`, ""),
		"backslashes":        fill(`{"type":"`, `\\`, `"}`),
		"members":            fill(`{"type":"streamAudio","data":{"audioDataType":"wav",`, `"a":1,`, `"b":1}}`),
		"types":              fill(`{`, `"type":"x",`, `"type":"streamAudio"}`),
		"escaped names":      fill(`{`, `"\u0074\u0079\u0070\u0065":1,`, `"b":1}`),
		"numbers":            fill(`{"type":"streamAudio","data":{"sampleRate":`, `8`, `}}`),
		"blanks":             fill(`{`, " ", "}"),
		"bad base64":         fill(`{"type":"streamAudio","data":{"audioDataType":"wav","audioData":"`, "!", `"}}`),
		"padding":            fill(`{"type":"streamAudio","data":{"audioDataType":"wav","audioData":"`, "=", `"}}`),
		"one byte too long":  strings.Repeat(" ", size-len(streamAudio(`"audioDataType":"wav","audioData":"AQID"`))+1) + streamAudio(`"audioDataType":"wav","audioData":"AQID"`),
		"escapes for nought": fill(`{"type":"streamAudio","data":{"audioDataType":"wav","audioData":"`, `\u0021`, `"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			if m := audiostream.ParseMessage([]byte(s), false); m.Kind != audiostream.Other {
				t.Errorf("%+.200v", m)
			}
			if took := time.Since(begun); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestMessageOfTheLimitIsTaken(t *testing.T) {
	t.Parallel()
	frame := streamAudio(`"audioDataType":"raw","sampleRate":8000,"audioData":""`)
	pcm := make([]byte, (audiostream.MaxMessage-len(frame))/4*3)
	s := streamAudio(`"audioDataType":"raw","sampleRate":8000,"audioData":"` + base64.StdEncoding.EncodeToString(pcm) + `"`)
	if m := audiostream.ParseMessage([]byte(s), false); m.Kind != audiostream.StreamAudio || len(m.Audio) != len(pcm) {
		t.Errorf("kind %v, %d bytes, want %d", m.Kind, len(m.Audio), len(pcm))
	}
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind string
		rate int
		want string
		ok   bool
	}{
		{"raw", 8000, ".r8", true},
		{"raw", 16000, ".r16", true},
		{"raw", 24000, ".r24", true},
		{"raw", 32000, ".r32", true},
		{"raw", 48000, ".r48", true},
		{"raw", 64000, ".r64", true},
		{"raw", 44100, ".r16", false},
		{"raw", 0, ".r16", false},
		{"wav", 0, ".wav", true},
		{"mp3", 0, ".mp3", true},
		{"ogg", 0, ".ogg", true},
		{"pcmu", 8000, ".pcmu", true},
		{"pcma", 8000, ".pcma", true},
		{"opus", 0, "", false},
		{"../x", 0, "", false},
	} {
		if e, ok := audiostream.FileExtension(c.kind, c.rate); e != c.want || ok != c.ok {
			t.Errorf("%s %d: %q, %v", c.kind, c.rate, e, ok)
		}
	}
	if n := audiostream.FileName("<uuid>", 0, "raw", 8000); n != "<uuid>_0.tmp.r8" {
		t.Error(n)
	}
}

func BenchmarkSecondOfAudio(b *testing.B) {
	text := []byte(streamAudio(`"audioDataType":"raw","sampleRate":16000,"audioData":"` + base64.StdEncoding.EncodeToString(make([]byte, 32000)) + `"`))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if m := audiostream.ParseMessage(text, false); m.Kind != audiostream.StreamAudio {
			b.Fatal(m.Kind)
		}
	}
}
