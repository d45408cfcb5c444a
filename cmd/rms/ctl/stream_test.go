package ctl

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEventsOfAStream(t *testing.T) {
	t.Parallel()
	text := ": hello\n\nevent: a\ndata: 1\ndata: 2\nid: 7\n\ndata:3\n\nevent: none\n\r\n\nretry: 5\ndata\n\n"
	var got []string
	err := events(strings.NewReader(text), func(name string, data []byte) error {
		got = append(got, name+"="+string(data))
		return nil
	})
	if want := "a=1\n2|=3|="; err != nil || strings.Join(got, "|") != want {
		t.Errorf("%q, %v", got, err)
	}
	stop := errors.New("stop")
	if err := events(strings.NewReader(text), func(string, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: a\ndata: 1\ndata: 2\n\n"))
	f.Add([]byte("data: {\"event\":\"rms:dtmf\",\"fields\":{\"digit\":\"1\",\"a\":[{}]}}\n\n"))
	f.Add([]byte("data: {\"event\":\"x\\u001b\",\"time\":\"2026-01-02T15:04:05Z\",\"fields\":[1]}\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		size := 0
		err := events(bytes.NewReader(text), func(name string, data []byte) error {
			size += len(data)
			if strings.ContainsAny(name, "\n") {
				t.Fatalf("name %q", name)
			}
			line, err := eventLine(data)
			if err == nil && (strings.ContainsAny(line, "\x1b\n\r") || Clean(line) != line) {
				t.Fatalf("line %q", line)
			}
			var b bytes.Buffer
			if err := printEvent(&b, data, true); err != nil {
				t.Fatal(err)
			}
			for _, r := range strings.TrimSuffix(b.String(), "\n") {
				if !unicode.IsPrint(r) {
					t.Fatalf("JSON %q", b.String())
				}
			}
			if !utf8.Valid(b.Bytes()) {
				t.Fatalf("JSON %q", b.String())
			}
			return nil
		})
		if err == nil && size > len(text) {
			t.Fatalf("%d bytes of %d", size, len(text))
		}
	})
}
