package main

import (
	"bytes"
	"testing"

	"github.com/rs/zerolog"
)

func TestLogLineIsOneLineWhateverItHolds(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	log := zerolog.New(cleanWriter{&b})
	log.Info().Str("from", "a\r\nb\u0085c\u2028d\u2029e\u009bf\u202eg\x1b[31mh\x00").Msg("héllo")
	want := `{"level":"info","from":"a\r\nb\u0085c\u2028d\u2029e\u009Bf\u202Eg\u001b[31mh\u0000","message":"héllo"}` + "\n"
	if b.String() != want {
		t.Errorf("got  %swant %s", b.String(), want)
	}
}
