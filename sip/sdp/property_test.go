package sdp_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rms/sip/sdp"
)

// offers draws offers that are mostly right, with the mistakes of the field in them.
func offers() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		end := rapid.SampledFrom([]string{"\r\n", "\r\n", "\n"}).Draw(t, "line end")
		line := func(format string, args ...any) { fmt.Fprintf(&b, format+end, args...) }
		line("v=0")
		line("o=- %d %d IN IP4 127.0.0.2", rapid.Uint64().Draw(t, "id"), rapid.Uint64().Draw(t, "version"))
		if rapid.Bool().Draw(t, "session connection") {
			line("c=%s", connection().Draw(t, "c="))
		}
		if rapid.Bool().Draw(t, "session direction") {
			line("a=%s", directions().Draw(t, "direction"))
		}
		for range rapid.IntRange(0, 5).Draw(t, "m-lines") {
			mline(t, line)
		}
		if rapid.IntRange(0, 3).Draw(t, "good audio") > 0 {
			line("m=audio 4000 RTP/AVP 18 0 101")
			line("c=IN IP4 127.0.0.2")
			line("a=rtpmap:101 telephone-event/8000")
		}
		return b.String()
	})
}

func mline(t *rapid.T, line func(string, ...any)) {
	kind := rapid.SampledFrom([]string{"audio", "audio", "audio", "video", "image", "application"}).Draw(t, "kind")
	proto := rapid.SampledFrom([]string{"RTP/AVP", "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "udptl", "UDP/TLS/RTP/SAVPF"}).Draw(t, "transport")
	formats := rapid.SliceOfN(rapid.IntRange(-1, 130), 0, 12).Draw(t, "formats")
	text := strings.Trim(fmt.Sprint(formats), "[]")
	line("m=%s %d %s %s", kind, rapid.SampledFrom([]int{0, 1, 4000, 4000, 10000, 65535, 65536}).Draw(t, "port"), proto, text)
	if rapid.IntRange(0, 3).Draw(t, "own connection") > 0 {
		line("c=%s", connection().Draw(t, "c="))
	}
	encodings := []string{
		"PCMU/8000", "pcma/8000/1", "G722/8000", "L16/16000", "L16/8000", "L16/44100/2", "opus/48000/2",
		"telephone-event/8000", "telephone-event/16000", "CN/8000", "CN/16000", "x/0", "x", "/", "L16/4294967295", "PCMU/-1",
	}
	for _, pt := range formats {
		if rapid.Bool().Draw(t, "mapped") {
			line("a=rtpmap:%d %s", pt, rapid.SampledFrom(encodings).Draw(t, "encoding"))
		}
	}
	attributes := []string{
		"ptime:30", "ptime:100000", "ptime:-1", "maxptime:10", "maxptime:0", "rtcp-mux", "rtcp:5000",
		"rtcp:10001 IN IP4 127.0.0.1", "rtcp:x", "fmtp:101 0-15", "fmtp:x", "mid:0", "candidate:1", "sendonly", "recvonly", "inactive",
	}
	for _, a := range rapid.SliceOfN(rapid.SampledFrom(attributes), 0, 6).Draw(t, "attributes") {
		line("a=%s", a)
	}
}

func connection() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"IN IP4 127.0.0.2", "IN IP4 127.0.0.2", "IN IP4 127.0.0.1", "IN IP4 0.0.0.0",
		"IN IP4 224.2.1.1/127", "IN IP4 255.255.255.255", "IN IP6 ::1", "IN IP6 ::", "IN IP4 host.invalid", "IN",
	})
}

func directions() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"sendrecv", "sendonly", "recvonly", "inactive"})
}

func TestEachAnswerObeysTheRulesOfAnAnswer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var local *sdp.Local
		for _, offer := range rapid.SliceOfN(offers(), 1, 4).Draw(t, "offers") {
			r, err := sdp.Answer([]byte(offer), caps(), local)
			if err != nil {
				continue
			}
			checkAnswer(t, []byte(offer), r, caps())
			if local != nil && r.Local.Origin.ID != local.Origin.ID {
				t.Fatalf("another o= in the same call: %+v, %+v", local.Origin, r.Local.Origin)
			}
			if local != nil && (string(r.SDP) == string(local.SDP)) != (r.Local.Origin == local.Origin) {
				t.Fatalf("version and text do not change together:\n%s\n%s", local.SDP, r.SDP)
			}
			local = r.Local
		}
	})
}

func TestEachReOfferKeepsThePlacesOfTheMedia(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := offers().Draw(t, "offer")
		r, err := sdp.Answer([]byte(text), caps(), nil)
		if err != nil {
			t.Skip("refused")
		}
		ours, err := sdp.Offer(caps(), r.Local)
		if err != nil {
			t.Fatal(err)
		}
		checkText(t, string(ours.SDP))
		before, after := mlines(string(r.SDP)), mlines(string(ours.SDP))
		if len(before) != len(after) {
			t.Fatalf("%d m-lines became %d", len(before), len(after))
		}
		for i := range before {
			if before[i][0] != after[i][0] || (before[i][1] == "0") != (after[i][1] == "0") {
				t.Fatalf("m-line %v became %v", before[i], after[i])
			}
		}
	})
}
