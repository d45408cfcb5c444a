package audiostream_test

import (
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"

	"rms/media/wire/audiostream"
)

func FuzzMessage(f *testing.F) {
	for _, s := range []string{
		`{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":8000,"audioData":"AQID"}}`,
		`{"type":"playAudio","data":{"audioContentType":"raw","sampleRate":24000,"audioContent":"AQID","a":[1,{"b":"\""}]}}`,
		`{"type":"mark","data":{"name":"x"}}`, `{"type":"mark","data":{"naMe":"x"}}`, `{"type":"disconnect","data":{"a":1}}`, `{"\u0074ype":"killAudio"}`,
		`{"type":"streamAudio","data":{"audioDataType":"wav","audioData":"\u0041QID","n":-1.5e3,"t":true}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := slices.Clone(text)
		m := audiostream.ParseMessage(text, false)
		if !slices.Equal(before, text) {
			t.Fatal("the text was written to")
		}
		if m.Body != "" {
			if body := audiostream.PlayBody(m.Body, "f"); !json.Valid([]byte(m.Body)) || !json.Valid([]byte(body)) {
				t.Fatalf("body %q, %q", m.Body, body)
			}
		}
		if m.Kind != audiostream.Other && !json.Valid(text) {
			t.Fatalf("%+v of no JSON", m)
		}
		if g1 := audiostream.ParseMessage(text, true); g1.Kind != m.Kind && m.Type != "pcmu" && m.Type != "pcma" {
			t.Fatalf("%+v, %+v", g1, m)
		}
		// What our parser finds is what the library finds, where no name comes twice:
		// both take names in any case, as the original's cJSON does.
		var o struct {
			Type string
			Data json.RawMessage
		}
		var data map[string]any
		var named struct{ Name string }
		if m.Kind == audiostream.Mark && json.Unmarshal(text, &o) == nil && json.Unmarshal(o.Data, &data) == nil && len(data) == 1 &&
			json.Unmarshal(o.Data, &named) == nil && named.Name != m.Name {
			t.Fatalf("%s, %q", o.Data, m.Name)
		}
	})
}

func FuzzCommand(f *testing.F) {
	for _, s := range []string{
		uuid + ` start ws://h/ mono 8k {"a": 1}`, uuid + " send_text a b", uuid + ` stop 'a b' \'`, uuid + " start http://h/ mono 8k bug {} true true 8000",
		uuid + " 127.0.0.1 9527", `a\`, `'`, "  '' ''  ",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, parse := range []func(string) (audiostream.Command, audiostream.Reply){audiostream.ParseCommand, audiostream.ParseFork} {
			c, r := parse(line)
			if r.Refused() {
				continue
			}
			if len(c.Text) > len(line) || len(c.Name) > len(line) || !utf8.ValidString(c.Text) {
				t.Fatalf("%+v of %q", c, line)
			}
			if c.Verb == audiostream.Start && (c.URL == nil || c.URL.User != nil || c.Rate%8000 != 0 || len(c.Text) > audiostream.MaxMetadata) {
				t.Fatalf("%+v of %q", c, line)
			}
		}
		audiostream.ParseRST(line)
		audiostream.ParseRSTStop(line)
	})
}

func FuzzVariables(f *testing.F) {
	f.Add("20", `{"A":"1","B":2}`)
	f.Add("true", `{"A":"\r\n"}`)
	f.Fuzz(func(t *testing.T, value, headers string) {
		v, warnings := audiostream.ParseVariables(func(name string) (string, bool) {
			if name == "STREAM_EXTRA_HEADERS" {
				return headers, true
			}
			return value, true
		})
		if v.Buffer < audiostream.DefaultBuffer || v.Buffer > audiostream.MaxBuffer || v.HeartBeat < 0 || v.HeartBeat > audiostream.MaxHeartBeat {
			t.Fatalf("%+v", v)
		}
		for _, h := range v.Headers {
			for _, c := range h.Name + h.Value {
				if c < ' ' && c != '\t' {
					t.Fatalf("%+v", h)
				}
			}
		}
		_ = warnings
	})
}
