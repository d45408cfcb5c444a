package load

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Streams say what the calls are asked to stream, and what is measured of it. The
// INVITE asks in the header fields X-Stream-Url, X-Stream-Rate and X-Stream-Mix, so
// that the server needs a script that does what they say: StreamScript for rms.
type Streams struct {
	Kind    string        // ws or audiosocket; empty: calls are not asked to stream
	URL     string        // where to, with %d for the number of the call; empty: to this program
	Listen  string        // where this program listens for them, default 127.0.0.1:0
	Rate    int           // in Hz, default 8000
	Mix     string        // mono (default), mixed or stereo
	Probes  int           // calls whose delay is measured with pulses, default 20; TwoWay only
	Depth   time.Duration // of the server's jitter buffer, default 20 ms: give it this fixed depth
	Stalled int           // streams that are not read while all calls stand
}

// StreamScript makes an rms server do what the INVITEs of a run with Streams ask for.
// A call that asks for nothing plays the same prompt, which is what the cost of a
// stream is compared with.
const StreamScript = `event_route["rms:start"] = function(call)
  rms.play { file = "welcome.wav", loop = true }
  local url = call.header("X-Stream-Url")
  if url then
    rms.stream_start {
      url = url, rate = call.header("X-Stream-Rate"), mix = call.header("X-Stream-Mix"), metadata = "load",
    }
  end
end
`

const pulseThinnest = 5 // calls for each probed one at least: most are not probed

func (p *plan) checkStreams() error {
	s := &p.Streams
	if s.Kind == "" {
		return nil
	}
	s.Listen = either(s.Listen, "127.0.0.1:0")
	s.Rate = either(s.Rate, 8000)
	s.Mix = either(s.Mix, "mono")
	s.Depth = either(s.Depth, 20*time.Millisecond)
	s.Probes = min(either(s.Probes, 20), max(1, p.Calls/pulseThinnest))
	var err error
	if p.wire, err = findWire(s.Kind); err != nil {
		return err
	}
	switch {
	case s.Rate < 8000 || s.Rate > 48000 || s.Rate%8000 != 0:
		return fmt.Errorf("streams of %d Hz: use a multiple of 8000 up to 48000", s.Rate)
	case s.Mix != "mono" && s.Mix != "mixed" && s.Mix != "stereo":
		return fmt.Errorf("mix %q of the streams: use mono, mixed or stereo", s.Mix)
	case s.Stalled < 0 || s.Stalled > p.Calls:
		return fmt.Errorf("%d stalled streams: use 0 to the number of calls", s.Stalled)
	case s.URL != "" && strings.Count(s.URL, "%d") != 1:
		return errors.New(`the URL of the streams needs one "%d", for the number of the call`)
	case s.Mix != "mono" && s.URL == "":
		s.Probes = 0 // the prompt would be taken for pulses
	}
	if !p.TwoWay {
		s.Probes = 0
	}
	p.streamURL = s.URL
	return nil
}

// streamHeaders adds what a call is asked to stream to its INVITE.
func (s *script) streamHeaders(b []byte, index int) []byte {
	if s.streamURL == "" {
		return b
	}
	return fmt.Appendf(b, "X-Stream-Url: %s\r\nX-Stream-Rate: %d\r\nX-Stream-Mix: %s\r\n",
		fmt.Sprintf(s.streamURL, index), s.Streams.Rate, s.Streams.Mix)
}

// StreamSum is what the streams of a run came to. Delays are from the moment that an
// RTP packet with a pulse was sent to the moment that the pulse was read from the
// stream, so that the jitter buffer, the tick, the resampler, the kernel and this
// program's own wake-up are in them; Beyond is without the jitter buffer's depth.
type StreamSum struct {
	Kind      string  `json:"kind"`
	Rate      int     `json:"rate_hz"`
	Mix       string  `json:"mix"`
	Wanted    int     `json:"wanted"` // calls that were answered
	Connected int     `json:"connected"`
	Lost      int     `json:"lost"` // never connected, without audio, or ended before their call
	Broken    int     `json:"ended_without_goodbye"`
	Strange   int     `json:"connections_of_no_call"`
	Connect   Spread  `json:"connect"`          // answer of the call to the stream's handshake
	First     Spread  `json:"first_audio"`      // answer of the call to the first audio
	AllAfter  float64 `json:"all_connected_ms"` // last answer of a call to the last handshake
	Frames    uint64  `json:"frames"`
	Bytes     uint64  `json:"bytes"`
	Odd       uint64  `json:"frames_of_another_size"` // than the first of their stream
	Texts     uint64  `json:"texts"`
	Missing   int     `json:"streams_with_holes"` // with less audio than their time has, by 300 ms or more
	Stalled   int     `json:"stalled"`
	Frozen    *Stall  `json:"stall,omitempty"`
	Probes    int     `json:"probes"`
	Pulses    uint64  `json:"pulses_sent"`
	Heard     uint64  `json:"pulses_heard"`
	DepthMs   float64 `json:"jitter_depth_ms"`
	Delay     Spread  `json:"delay"`
	Beyond    Spread  `json:"delay_beyond_depth"`
}

// Stall is what became of the streams that were not read while all calls stood. Live
// is their delay, measured like that of the others, from a second after they were read
// again: a stream that stays behind shows there. They are looked at each 20 ms then.
type Stall struct {
	Dropped Spread `json:"dropped"` // audio that each lacks at the end of its call
	Back    int    `json:"live_again"`
	Live    Spread `json:"delay_afterwards"`
}

func (s *Stall) print(t *table) {
	if s != nil {
		t.line("stalled", "%d live again, dropped %s each", s.Back, s.Dropped)
		t.line("", "delay afterwards %s (looked at each 20 ms)", s.Live)
	}
}

func (s *StreamSum) print(t *table) {
	if s == nil {
		return
	}
	t.line("streams", "%s %d Hz %s: %d wanted, %d connected, %d lost, %d with holes, %d ended without a goodbye, %d stalled",
		s.Kind, s.Rate, s.Mix, s.Wanted, s.Connected, s.Lost, s.Missing, s.Broken, s.Stalled)
	t.line("", "%s frames, %s of another size than the first, %s texts, %d connections of no call", grouped(s.Frames), grouped(s.Odd), grouped(s.Texts), s.Strange)
	t.line("connect", "%s (200 to the handshake), all %s ms after the last 200", s.Connect, short(s.AllAfter))
	t.line("first audio", "%s (after the 200)", s.First)
	s.Frozen.print(t)
	if s.Probes == 0 {
		return
	}
	t.line("delay", "%s (RTP sent to pulse read from the stream; %d of %d pulses on %d streams)", s.Delay, s.Heard, s.Pulses, s.Probes)
	t.line("", "%s beyond the %s ms of the jitter buffer", s.Beyond, short(s.DepthMs))
}
