package load

import "maps"

// Result is everything that a run has found out. Times are milliseconds.
type Result struct {
	Target    string  `json:"target"`
	Transport string  `json:"transport"`
	Codec     string  `json:"codec"`
	Calls     int     `json:"calls"`
	Rate      float64 `json:"rate_per_s"`
	Seconds   float64 `json:"window_s"` // how long all calls stood together
	TwoWay    bool    `json:"two_way"`

	Placed      int         `json:"placed"`
	Answered    int         `json:"answered"`
	Failed      int         `json:"failed"`
	Codes       map[int]int `json:"codes"`           // final answers by code; 408: none came; 0: not sent
	EndedByPeer int         `json:"ended_by_server"` // hung up by the far end before we did
	NoMedia     int         `json:"no_media"`        // answered without usable SDP
	Unanswered  int         `json:"byes_unanswered"`
	Repeated    int         `json:"requests_repeated"`
	Reanswered  int         `json:"answers_repeated"`
	Setup       Spread      `json:"setup"`        // INVITE sent to 200 received
	FirstPacket Spread      `json:"first_packet"` // 200 to first RTP packet
	Packets     Packets     `json:"packets"`
	Deviation   Spread      `json:"deviation"`         // of inter-arrival from ptime while all calls stood
	Outside     Spread      `json:"deviation_set_up"`  // the same while calls were placed
	Late        uint64      `json:"late"`              // packets more than 20 ms behind the call's own time line
	Streams     *StreamSum  `json:"streams,omitempty"` // what the calls streamed to this program
	Recordings  *RecordSum  `json:"recordings,omitempty"`
	Doors       *DoorSum    `json:"doors,omitempty"` // what was done through the API meanwhile
	Idle        Spread      `json:"idle_timer_lateness"`
	Processes   []Process   `json:"processes"`
	Machine     Machine     `json:"machine"`
	Interrupted bool        `json:"interrupted"`
	Problem     string      `json:"problem,omitempty"` // why calls could not even be tried
}

// Packets counts the RTP that came. Expected and InWindow are of the time in
// which all calls stood; the others are of the whole life of the calls.
type Packets struct {
	Expected   uint64 `json:"expected"`
	InWindow   uint64 `json:"received_in_window"`
	Received   uint64 `json:"received"`
	Lost       uint64 `json:"lost"` // holes in the sequence numbers
	Duplicates uint64 `json:"duplicates"`
	Reordered  uint64 `json:"reordered"`
	Restarts   uint64 `json:"restarts"`      // new SSRC, or a jump of sequence or timestamp
	Other      uint64 `json:"other_payload"` // telephone-event, comfort noise
	Bad        uint64 `json:"not_rtp"`
	Refused    uint64 `json:"refused_by_our_buffer"` // lost here, not at the server
	Streams    int    `json:"calls_with_packets"`
	Heard      int    `json:"calls_with_sound"`
	Sent       uint64 `json:"sent"`
}

// Process is what one process of --pid used for the calls.
type Process struct {
	PID        int     `json:"pid"`
	Name       string  `json:"name"`
	PerCall    float64 `json:"mcore_per_call"` // thousandths of a core while all calls stood
	Cores      float64 `json:"cores"`          // the same, all together
	IdleMcore  float64 `json:"idle_mcore"`     // before the first call, all together
	SetUpMs    float64 `json:"cpu_ms_per_set_up"`
	RSSPerCall float64 `json:"rss_kb_per_call"`
	RSSBefore  int64   `json:"rss_kb_before"`
	RSSDuring  int64   `json:"rss_kb_during"`
	Threads    int     `json:"threads"`
	Gone       bool    `json:"gone"` // it ended during the run
}

// Machine is the state of the machine while all calls stood.
type Machine struct {
	Cores       int     `json:"cores"`
	LoadAverage float64 `json:"load_average"` // of one minute, at the end
	Busy        float64 `json:"busy_percent"`
	Steal       float64 `json:"steal_percent"`
	ToolCores   float64 `json:"tool_cores"` // used by this program
	SenderLate  *Spread `json:"tool_sender_lateness,omitempty"`
	SendSkipped uint64  `json:"tool_sender_skipped"`
}

// Passed says whether every call was answered and brought sound, and nothing
// of it was lost; and, when streams or recordings were asked for, that none was lost.
func (r Result) Passed() bool {
	if r.Streams != nil && r.Streams.Lost > 0 {
		return false
	}
	return r.Recordings.passed() && r.Doors.passed() && !r.Interrupted && r.Placed == r.Calls && r.Failed == 0 && r.Packets.Heard == r.Answered && r.Packets.Lost == 0
}

func (r *Result) addAgent(a *agent) {
	r.Placed = a.placed
	r.Codes = maps.Clone(a.codes)
	for code, n := range a.codes {
		if code >= 200 && code < 300 {
			r.Answered += n
		}
	}
	r.Failed = r.Placed - r.Answered
	r.EndedByPeer, r.NoMedia = a.byPeer, a.noMedia
	r.Unanswered, r.Repeated, r.Reanswered = a.unanswered, a.repeated, a.reanswered
	r.Setup = a.setup.spread()
	if a.mediaError != nil {
		r.Problem = a.mediaError.Error()
	}
}

func (r *Result) addMeter(m *meter) {
	t := &m.totals
	r.Packets = Packets{
		Expected: uint64(t.Expected + 0.5), InWindow: t.InWindow, Received: t.Received,
		Lost: t.Lost, Duplicates: t.Duplicates, Reordered: t.Reordered, Restarts: t.Restarts,
		Other: t.Other, Bad: t.Bad, Refused: t.Overflow, Streams: t.WithPackets, Heard: t.Heard,
	}
	r.Deviation, r.Outside = m.steady.spread(), m.outside.spread()
	r.FirstPacket = m.first.spread()
	r.Late = t.Late
}
