package phone

import (
	"net/netip"
	"sync"
	"time"

	"rms/sip"
)

// event is one thing that happened, in the order of time.
type event struct {
	at       time.Time
	trace    *sip.TraceLine
	response *sip.Response
	request  *sip.Request
	ended    *sip.Cause
	digit    byte
	latched  string
	rtpBye   bool
	spoken   bool  // the mic's file is over
	failed   error // of the media
}

// mailbox takes events from everywhere without ever waiting.
type mailbox struct {
	mu     sync.Mutex
	events []event
	signal chan struct{}
}

// mostEvents bounds a mailbox that nobody reads; a call has some twenty events.
const mostEvents = 10000

func newMailbox() *mailbox { return &mailbox{signal: make(chan struct{}, 1)} }

func (m *mailbox) post(e event) {
	if e.at.IsZero() {
		e.at = time.Now()
	}
	m.mu.Lock()
	if len(m.events) < mostEvents {
		m.events = append(m.events, e)
	}
	m.mu.Unlock()
	select {
	case m.signal <- struct{}{}:
	default:
	}
}

func (m *mailbox) take() []event {
	m.mu.Lock()
	defer m.mu.Unlock()
	events := m.events
	m.events = nil
	return events
}

// The mailbox is the Owner of the dialog ...

func (m *mailbox) Request(r *sip.Request)   { m.post(event{request: r}) }
func (m *mailbox) Acked([]byte)             {}
func (m *mailbox) Response(r *sip.Response) { m.post(event{response: r}) }
func (m *mailbox) Ended(c sip.Cause)        { m.post(event{ended: &c}) }

// ... and hears what happens in the RTP session.

func (m *mailbox) Digit(digit byte, _ time.Duration, _ string) { m.post(event{digit: digit}) }
func (m *mailbox) Timeout()                                    {}
func (m *mailbox) Bye()                                        { m.post(event{rtpBye: true}) }

// Latched says that RTP comes from another address than the SDP names.
func (m *mailbox) Latched(addr netip.AddrPort) { m.post(event{latched: addr.String()}) }
