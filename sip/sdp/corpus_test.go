package sdp_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/sip/sdp"
)

const corpus = "../../testdata/sdp"

type expectation struct {
	Codes  []int  `json:"codes"`
	Answer string `json:"answer"`
	Why    string `json:"why"`
}

func TestCorpusGetsTheExpectedCodeInBoundedTime(t *testing.T) {
	t.Parallel()
	for name, want := range expectations(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join(corpus, name))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			code, text := respond(t, body, caps())
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
			if !slices.Contains(want.Codes, code) {
				t.Errorf("code %d, want one of %v (%s)", code, want.Codes, want.Why)
			}
			if code == 200 && want.Answer != "" && !strings.Contains(text, "a="+want.Answer+"\r\n") {
				t.Errorf("answer lacks a=%s:\n%s", want.Answer, text)
			}
		})
	}
}

func expectations(t testing.TB) map[string]expectation {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, "EXPECT.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]expectation
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

// respond does what an INVITE with this body leads to.
func respond(t *testing.T, body []byte, c sdp.Caps) (code int, text string) {
	t.Helper()
	if len(body) == 0 {
		local, err := sdp.Offer(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		return 200, string(local.SDP)
	}
	r, err := sdp.Answer(body, c, nil)
	var no *sdp.Refusal
	switch {
	case errors.As(err, &no):
		if no.Reason == "" || !strings.HasPrefix(no.Warning, "3") {
			t.Errorf("refusal without reason or warning: %+v", no)
		}
		return no.Code, ""
	case err != nil:
		t.Fatalf("error is not a Refusal: %v", err)
	}
	checkAnswer(t, body, r, c)
	return 200, string(r.SDP)
}

// caps are those of a server with all codecs whose own ports are 15060 and 10000-10001.
func caps() sdp.Caps {
	return sdp.Caps{
		Codecs: []sdp.Codec{
			{Name: "PCMU", PT: 0, ClockRate: 8000},
			{Name: "PCMA", PT: 8, ClockRate: 8000},
			{Name: "G722", PT: 9, ClockRate: 8000},
			{Name: "L16", PT: 96, ClockRate: 16000},
			{Name: "L16", PT: 97, ClockRate: 8000},
		},
		DTMF: true, CN: true, Mux: true, Port: 10000, Ptime: 20 * time.Millisecond,
		Addr: netip.MustParseAddr("127.0.0.1"),
		Own: func(a netip.AddrPort) bool {
			return a.Addr().IsLoopback() && (a.Port() == 15060 || a.Port() == 10000 || a.Port() == 10001)
		},
	}
}
