package sdp_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rms/sip/sdp"
)

// seeds adds the corpus and the offers of the tables.
func seeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join(corpus, "*.sdp"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no corpus in %s: %v", corpus, err)
	}
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(body) < 4096 {
			f.Add(body)
		}
	}
	f.Add([]byte(head + "m=audio 4000 RTP/AVP 0 8 9 96 101 13\r\na=rtpmap:96 L16/16000\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:1 IN IP4 1.1.1.1\r\n"))
	f.Add([]byte(head + "m=image 5000 udptl t38\r\nm=video 5002 RTP/AVP 31 99\r\nm=audio 5006 RTP/AVPF 0\r\na=rtcp-mux\r\na=maxptime:40\r\n"))
}

// FuzzAnswer holds each answer against the rules, and each refusal is a whole one.
func FuzzAnswer(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, offer []byte) {
		r, err := sdp.Answer(offer, caps(), nil)
		checkError(t, err)
		if err != nil {
			return
		}
		checkAnswer(t, offer, r, caps())
		again, err := sdp.Answer(offer, caps(), r.Local)
		if err != nil || string(again.SDP) != string(r.SDP) {
			t.Fatalf("the same offer again: %v\n%s\n%s", err, r.SDP, again.SDP)
		}
	})
}

// FuzzAcceptAnswer reads any answer to our offer.
func FuzzAcceptAnswer(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		ours, err := sdp.Offer(caps(), nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := sdp.AcceptAnswer(ours, text, caps())
		checkError(t, err)
		if err == nil {
			checkMedia(t, m, caps())
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var no *sdp.Refusal
	if err != nil && (!errors.As(err, &no) || no.Code < 400 || no.Reason == "" || no.Warning == "") {
		t.Fatalf("not a whole refusal: %#v", err)
	}
	if err != nil && strings.Contains(no.Warning, "sdp: ") {
		t.Fatalf("the strict parser got what is not tidy: %v", err)
	}
}
