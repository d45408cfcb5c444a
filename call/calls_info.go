package call

import (
	"context"
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
	return nil
}

func (c *Call) report(bool) *CallInfo { return &CallInfo{ID: c.id} }
