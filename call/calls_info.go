package call

import (
	"context"
	"slices"
	"strings"
	"time"
)

// CallInfo is what is known of a call at one moment, for JSON. The short form of List
// has no more than State, the addresses and the times.
type CallInfo struct {
	ID        string `json:"id"`
	Kind      string `json:"kind"`  // sip or audiosocket
	State     string `json:"state"` // invited, early, answered, leaving, over
	From      string `json:"from"`
	To        string `json:"to"`
	RURI      string `json:"ruri"`
	Source    string `json:"source"` // ip:port that the call came from
	Transport string `json:"transport"`
	SIPCallID string `json:"sip_call_id,omitempty"`

	Codec     string `json:"codec,omitempty"`     // as in an rtpmap: PCMU/8000
	Remote    string `json:"remote,omitempty"`    // ip:port that we send to
	Direction string `json:"direction,omitempty"` // ours: sendrecv, sendonly, recvonly, inactive
	Hold      bool   `json:"hold,omitempty"`      // the far end put us on hold

	Invited  time.Time  `json:"invited"`
	Answered *time.Time `json:"answered,omitempty"`
	Seconds  float64    `json:"seconds"` // since the answer, 0 before

	RTP *RTPInfo `json:"rtp,omitempty"`

	Plays      []PlayInfo       `json:"plays,omitempty"`
	Streams    []map[string]any `json:"streams,omitempty"` // as rms_streams returns them
	Forwards   []ForwardInfo    `json:"forwards,omitempty"`
	Recordings []RecordingInfo  `json:"recordings,omitempty"`
	Collecting bool             `json:"collecting,omitempty"`
	Sleeps     int              `json:"sleeps,omitempty"`

	Queue     int            `json:"queue"` // of the mailbox
	Runs      int            `json:"runs"`  // of the script, that wait or run
	Variables map[string]any `json:"variables,omitempty"`
}

// RTPInfo is what the RTP session of a call has counted.
type RTPInfo struct {
	PacketsIn  uint64  `json:"packets_in"`
	PacketsOut uint64  `json:"packets_out"`
	Lost       int64   `json:"lost"`
	JitterMS   float64 `json:"jitter_ms"`
	RTTMS      float64 `json:"rtt_ms"`
	DelayMS    float64 `json:"delay_ms"` // of the jitter buffer
	Late       uint64  `json:"late"`
	Concealed  uint64  `json:"concealed"`
	Duplicate  uint64  `json:"duplicate"`
	FarLost    int64   `json:"far_lost"`
	FarJitter  float64 `json:"far_jitter_ms"`
	Digits     uint64  `json:"digits"`
}

// PlayInfo is one play that is heard or waits.
type PlayInfo struct {
	File     string `json:"file"`
	Mode     string `json:"mode"`  // queue or mix
	State    string `json:"state"` // waiting, loading, playing
	PlayedMS int64  `json:"played_ms"`
}

// ForwardInfo is one copy of the call's audio that leaves as RTP.
type ForwardInfo struct {
	Name       string `json:"name"`
	To         string `json:"to"`
	Side       string `json:"side"`
	PacketsOut uint64 `json:"packets_out"`
}

// Info returns what is known of a call; it waits for the call's mailbox, at most until
// ctx ends. The error is ErrNoSuchCall, ErrGone or ErrBusy.
func (m *Manager) Info(ctx context.Context, id string, variables bool) (*CallInfo, error) {
	c, ok := m.Find(id)
	if !ok {
		return nil, ErrNoSuchCall
	}
	done := make(chan *CallInfo, 1)
	if err := c.box.post(func() { done <- c.report(variables) }); err != nil {
		return nil, err
	}
	select {
	case i := <-done:
		return i, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// List returns the short form of all live calls, the oldest first. It waits for no
// call.
func (m *Manager) List() []CallInfo {
	calls := m.Calls()
	out := make([]CallInfo, 0, len(calls))
	now := time.Now()
	for _, c := range calls {
		out = append(out, c.short(now))
	}
	slices.SortFunc(out, func(a, b CallInfo) int {
		if n := a.Invited.Compare(b.Invited); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// short is what any goroutine may know of a call.
func (c *Call) short(now time.Time) CallInfo {
	i := CallInfo{ID: c.id, Kind: "sip", Invited: c.began, State: state(c.glance.state.Load()).String()}
	var known Info
	if c.dialog != nil {
		known = infoOf(c.dialog.Invite())
	} else {
		i.Kind, known = "audiosocket", c.socketInfo()
	}
	i.From, i.To, i.RURI, i.Source = known.From, known.To, known.RURI, known.Source
	i.Transport, i.SIPCallID = known.Transport, known.SIPCallID
	if at := c.glance.answered.Load(); at != nil {
		i.Answered, i.Seconds = at, now.Sub(*at).Seconds()
	}
	if cd := c.glance.codec.Load(); cd != nil {
		i.Codec = *cd
	}
	i.RTP = c.rtpInfo()
	i.Queue = c.box.waiting()
	return i
}

// frames counts the messages of a leg that is no RTP.
func (l *leg) frames() (in, out uint64) {
	if s, ok := l.line.(*socketLine); ok {
		return s.framesIn.Load(), s.taken.Load()
	}
	return 0, 0
}

// rtpInfo is what the session of a call has counted, nil without one.
func (c *Call) rtpInfo() *RTPInfo {
	l := c.glance.leg.Load()
	switch {
	case l == nil:
		return nil
	case l.rtp == nil:
		in, out := l.frames()
		return &RTPInfo{PacketsIn: in, PacketsOut: out}
	}
	s := l.rtp.session.Stats()
	return &RTPInfo{
		PacketsIn: s.PacketsIn, PacketsOut: s.PacketsOut, Lost: s.Lost, JitterMS: millisOf(s.Jitter), RTTMS: millisOf(s.RTT),
		DelayMS: millisOf(s.Delay), Late: s.Late, Concealed: s.Concealed, Duplicate: s.Duplicate,
		FarLost: s.FarLost, FarJitter: millisOf(s.FarJitter), Digits: s.Digits,
	}
}

func millisOf(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// report is all that is known of a call; in the mailbox.
func (c *Call) report(variables bool) *CallInfo {
	c.look()
	i := c.short(time.Now())
	if l := c.leg; l != nil && (l.rtp == nil || l.rtp.session != nil) {
		i.Codec, i.Remote, i.Direction = l.line.describe()
		i.Hold = l.rtp != nil && l.rtp.media.Hold
	}
	i.Plays = c.playInfos()
	for _, s := range c.streams {
		i.Streams = append(i.Streams, s.report())
	}
	for _, f := range c.forwards {
		i.Forwards = append(i.Forwards, ForwardInfo{f.name, f.to.String(), f.side, f.session.Stats().PacketsOut})
	}
	i.Recordings = c.recordingInfos()
	i.Collecting, i.Sleeps, i.Runs = c.collecting != nil, len(c.sleeps), c.runs
	if variables {
		i.Variables = c.vars.all()
	}
	return &i
}

func (c *Call) playInfos() []PlayInfo {
	var out []PlayInfo
	for _, p := range c.plays.all() {
		i := PlayInfo{File: p.file, Mode: "queue", State: "waiting", PlayedMS: (p.from + p.voice.played()).Milliseconds()}
		if p.mix {
			i.Mode = "mix"
		}
		switch {
		case p.voice != nil:
			i.State = "playing"
		case p.loading:
			i.State = "loading"
		}
		out = append(out, i)
	}
	return out
}
