package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/sip"
)

func TestKeysOfAHiddenStretchAreNotTracedAlsoWhenItIsWrittenLater(t *testing.T) {
	t.Parallel()
	const text = "INFO sip:a@b SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=4\r\n"
	var log bytes.Buffer
	tr := newTracer(zerolog.New(&log), false)
	defer tr.close()
	shown := func(id string, at time.Time) bool {
		log.Reset()
		tr.write(tr.log.Info(), &sip.TraceLine{CallID: id, Time: at, Text: text})
		return strings.Contains(log.String(), "Signal=4")
	}
	before := time.Now()
	if !shown("one", before) {
		t.Fatal("nothing is hidden yet")
	}
	tr.hidden.hide("one", true)
	if shown("one", time.Now()) || !shown("two", time.Now()) {
		t.Error("the wrong call is hidden")
	}
	during := time.Now()
	tr.hidden.hide("one", false)
	if shown("one", during) {
		t.Error("a message of the hidden stretch is shown afterwards")
	}
	if !shown("one", time.Now().Add(time.Millisecond)) {
		t.Error("a message behind the hidden stretch is hidden")
	}
}
