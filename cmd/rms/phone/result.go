package phone

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"rms/cmd/rms/ladder"
)

// Result says how the call went and what was heard.
type Result struct {
	To       string  `json:"to"`
	Answered bool    `json:"answered"`
	Rang     bool    `json:"rang"`
	Code     int     `json:"code"` // final answer; 408: none came
	Reason   string  `json:"reason"`
	Warning  string  `json:"warning,omitempty"`
	SetupMs  float64 `json:"set_up_ms"`
	Seconds  float64 `json:"seconds"` // from the answer to the end
	EndedBy  string  `json:"ended_by"`
	Cause    string  `json:"cause"`

	Codec    string  `json:"codec"`
	PtimeMs  int64   `json:"ptime_ms"`
	Local    string  `json:"local"`
	Remote   string  `json:"remote"`
	Sent     uint64  `json:"packets_sent"`
	Received uint64  `json:"packets_received"`
	Lost     int64   `json:"packets_lost"`
	Late     uint64  `json:"packets_late"`
	Foreign  uint64  `json:"packets_foreign"`
	Unknown  uint64  `json:"packets_of_unknown_type"`
	JitterMs float64 `json:"jitter_ms"`
	RTTMs    float64 `json:"round_trip_ms"` // 0: not reported

	Heard       bool    `json:"heard"`         // audio above -55 dBFS for 60 ms at least
	HeardS      float64 `json:"heard_seconds"` // of such audio
	ListenedS   float64 `json:"listened_seconds"`
	LevelDBFS   float64 `json:"level_dbfs"` // of what was heard; a full sine is 0; -120: nothing
	PeakDBFS    float64 `json:"peak_dbfs"`
	Frequency   float64 `json:"dominant_hz"` // 0: none
	Saved       string  `json:"saved,omitempty"`
	DigitsSent  string  `json:"digits_sent,omitempty"`
	DigitsHeard string  `json:"digits_heard,omitempty"`

	Ladder      []ladder.Step `json:"ladder"`
	Interrupted bool          `json:"interrupted"`
	Silent      bool          `json:"no_answer_at_all"`
	Problem     string        `json:"problem,omitempty"`
}

// report fills in what is known at the end, after the media was closed.
func (ph *phone) report() {
	r := &ph.result
	r.Ladder = ph.ladder.Steps()
	if r.Answered {
		r.Seconds = ph.ended.Sub(ph.answered).Seconds()
	}
	r.Silent = r.Silent || !ph.alive
	l := ph.leg
	if l.graph == nil {
		r.LevelDBFS, r.PeakDBFS = -120, -120
		return
	}
	s := l.session.Stats()
	r.Codec, r.PtimeMs = l.codec.Encoding(), l.agreed.Ptime.Milliseconds()
	r.Local, r.Remote = l.pair.Local().String(), l.agreed.Remote.String()
	r.Sent, r.Received, r.Lost, r.Late = s.PacketsOut, s.PacketsIn, s.Lost, s.Late
	r.Foreign, r.Unknown = s.Foreign, s.UnknownPT
	r.JitterMs, r.RTTMs = ms(s.Jitter), ms(s.RTT)
	e := l.ear
	r.Heard, r.HeardS, r.ListenedS = e.heard(), e.duration(e.audible).Seconds(), e.duration(e.total).Seconds()
	r.LevelDBFS = math.Max(-120, math.Round(e.level()*100)/100)
	r.PeakDBFS = math.Max(-120, math.Round(2000*math.Log10(math.Max(float64(e.peak), 1e-9)/32768))/100)
	if r.Heard {
		r.Frequency = math.Round(dominant(e.kept, e.format.Rate)*10) / 10
	}
	r.Saved = ph.plan.Save
}

func ms(d time.Duration) float64 { return math.Round(float64(d.Microseconds())) / 1000 }

// Print writes the verdict for people.
func (r Result) Print(w io.Writer) error {
	var b strings.Builder
	line := func(name, format string, values ...any) {
		fmt.Fprintf(&b, "%-10s%s\n", name, fmt.Sprintf(format, values...))
	}
	b.WriteByte('\n')
	r.printCall(line)
	if r.Codec != "" {
		r.printMedia(line)
	}
	if r.DigitsSent+r.DigitsHeard != "" {
		line("digits", "sent %s, received %s", firstOf(r.DigitsSent, "none"), firstOf(r.DigitsHeard, "none"))
	}
	verdict := "audio was heard"
	if !r.Heard {
		verdict = "NO AUDIO was heard"
	}
	line("verdict", "%s", verdict)
	for _, hint := range r.hints() {
		line("note", "%s", hint)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Result) printCall(line func(name, format string, values ...any)) {
	switch {
	case r.Answered:
		line("call", "answered after %.1f ms, lasted %.2f s, ended by %s", r.SetupMs, r.Seconds, firstOf(r.EndedBy, "us"))
	case r.Silent:
		line("call", "not answered: nothing came back")
	default:
		line("call", "not answered: %d %s", r.Code, r.Reason)
	}
}

func (r Result) printMedia(line func(name, format string, values ...any)) {
	line("codec", "%s, %d ms, %s <-> %s", r.Codec, r.PtimeMs, r.Local, r.Remote)
	line("packets", "%d received, %d lost, %d late, jitter %.2f ms; %d sent", r.Received, r.Lost, r.Late, r.JitterMs, r.Sent)
	if r.Heard {
		line("heard", "%.2f s of audio in %.2f s, level %.1f dBFS, peak %.1f dBFS, strongest at %.1f Hz", r.HeardS, r.ListenedS, r.LevelDBFS, r.PeakDBFS, r.Frequency)
	} else {
		line("heard", "nothing but silence in %.2f s", r.ListenedS)
	}
	if r.Saved != "" {
		line("saved", "%s", r.Saved)
	}
}

// hints teach what to look at next.
func (r Result) hints() []string {
	var out []string
	say := func(when bool, text string) {
		if when {
			out = append(out, text)
		}
	}
	say(r.Problem != "", r.Problem)
	say(r.Warning != "", "the far end's warning: "+r.Warning)
	if !r.Answered {
		out = append(out, refusal(r.Code, r.Silent)...)
	}
	say(r.Answered && r.Received == 0, "answered, but no RTP came: the address in its SDP may be one that cannot reach us (rtp.advertise), or a firewall drops UDP")
	say(r.Received > 0 && !r.Heard, "RTP came, but it holds only silence: does the script play something for this user?")
	say(r.Foreign > 0, fmt.Sprintf("%d packets came from an address that the SDP does not name", r.Foreign))
	say(r.Unknown > 0, fmt.Sprintf("%d packets had a payload type that was not agreed", r.Unknown))
	return out
}

func refusal(code int, silent bool) []string {
	hint := map[int]string{
		401: "it wants a password: give --user and --password",
		403: "it does not let this caller in: check --from, or the server's access list",
		404: "nobody has that name there: rms answers welcome, loop, tone and echo with its own script",
		407: "the proxy wants a password: give --user and --password",
		408: "it did not answer in time: is the server overloaded, or the right port taken by another program?",
		415: "it does not take SDP bodies: is it a media server?",
		420: "it wants an extension that this phone does not have",
		480: "it rings, but nobody answers: the script must call rms_answer",
		486: "it is busy",
		488: "it has none of our codecs: try without --codec, or look at its codec list",
		503: "it refuses new calls: it drains, or a limit is reached (sip.max_calls, sip.new_calls_per_second); its log says which",
	}[code]
	switch {
	case silent:
		return []string{"check host, port and transport, and that no firewall drops it"}
	case hint != "":
		return []string{hint}
	}
	return nil
}
