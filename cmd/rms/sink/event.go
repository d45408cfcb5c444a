package sink

import "time"

// Events of a sink.
const (
	EventListen  = "listen"  // it takes streams now, at Address
	EventStart   = "start"   // a stream has begun
	EventFormat  = "format"  // what the stream is turned out to be other than start said
	EventText    = "text"    // a text message (websocket)
	EventDigit   = "digit"   // a key (AudioSocket)
	EventProblem = "problem" // something went wrong that the sink survives
	EventRefused = "refused" // somebody got no stream
	EventStop    = "stop"    // a stream has ended, its files are whole
	EventSummary = "summary" // the sink has ended
)

// Event is something that happened, and a line of JSON. Text of peers is in it as it
// came, but for the bytes that are no UTF-8.
type Event struct {
	Event string    `json:"event"`
	Time  time.Time `json:"time"`
	Sink  string    `json:"sink"`
	// N numbers the streams of a sink from 1; ID is what the peer calls its stream.
	N       int    `json:"n,omitempty"`
	ID      string `json:"id,omitempty"`
	Remote  string `json:"remote,omitempty"`
	Address string `json:"address,omitempty"`

	Codec    string `json:"codec,omitempty"`
	Rate     int    `json:"rate,omitempty"`     // in Hz
	Channels int    `json:"channels,omitempty"` // 2: left is the caller

	Path        string `json:"path,omitempty"` // websocket, with the query
	Subprotocol string `json:"subprotocol,omitempty"`
	Deflate     bool   `json:"deflate,omitempty"`
	Secure      bool   `json:"secure,omitempty"`

	Caller     string `json:"caller,omitempty"` // RST
	Callee     string `json:"callee,omitempty"`
	Generation int    `json:"generation,omitempty"`

	Text       string `json:"text,omitempty"`
	Digit      string `json:"digit,omitempty"`
	DurationMS int64  `json:"duration_ms,omitempty"`

	*Totals
	Counters map[string]uint64 `json:"counters,omitempty"`
}

// Totals are the figures of a stream that has ended, or of all of them.
type Totals struct {
	Streams int        `json:"streams,omitempty"` // in the summary
	Start   time.Time  `json:"start"`
	First   *time.Time `json:"first,omitempty"` // arrival of the first frame
	Last    *time.Time `json:"last,omitempty"`

	Frames       uint64  `json:"frames"`        // messages or datagrams with audio
	Bytes        uint64  `json:"bytes"`         // of audio as it came
	Seconds      float64 `json:"seconds"`       // from start to end
	AudioSeconds float64 `json:"audio_seconds"` // length of the audio, of the longest side
	MaxGapMS     float64 `json:"max_gap_ms"`    // between two arrivals, of the worst side
	P99GapMS     float64 `json:"p99_gap_ms"`
	Sides        []Side  `json:"sides"`

	Texts       uint64  `json:"texts"`
	Pings       uint64  `json:"pings"`
	Digits      string  `json:"digits,omitempty"` // the first 256
	Dropped     uint64  `json:"dropped"`          // frames that came or were to be sent back, and were not kept
	SentFrames  uint64  `json:"sent_frames"`
	SentSeconds float64 `json:"sent_seconds"`

	Cause string   `json:"cause,omitempty"` // remote, local, timeout or error
	Code  int      `json:"code,omitempty"`  // close code of a websocket, 1005 and 1006 where there was none
	Why   string   `json:"why,omitempty"`
	Files []string `json:"files,omitempty"`
}

// Side is what was heard of one party.
type Side struct {
	Side   string  `json:"side"` // mono, left, right, R or W
	Frames uint64  `json:"frames"`
	Bytes  uint64  `json:"bytes"`
	Level  float64 `json:"level"` // dBFS; a full sine is 0, silence -120
	Peak   float64 `json:"peak"`  // dBFS of the largest sample
}

// How a stream ended.
const (
	causeRemote  = "remote"
	causeLocal   = "local"
	causeTimeout = "timeout"
	causeError   = "error"
)
