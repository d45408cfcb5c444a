package sip

// Handler receives what belongs to no dialog yet. Its methods are called one at
// a time for each Call-ID and must not block.
type Handler interface {
	// Invite is a new call: validated, admitted, and 100 is already sent. The
	// Dialog may be answered now or later from any goroutine. A nil Owner refuses
	// the call with 503 unless it has a final answer already.
	Invite(d *Dialog) Owner
	// Request is any other request outside a dialog, or for a dialog that does not
	// exist. What it leaves unanswered when it returns gets Request.Default, unless
	// it called Request.Hold.
	Request(r *Request)
}

// Owner hears what happens in one dialog: one call at a time, in the order of
// the wire. Its methods must not block.
type Owner interface {
	// Request is a request in the dialog: re-INVITE, UPDATE, INFO, OPTIONS, BYE and
	// others. Unanswered ones get Request.Default after Options.ReplyTimeout. A
	// CANCEL and its INVITE are already answered (200 and 487) when it comes.
	Request(r *Request)
	// Acked is the ACK of a 2xx of ours, of the call or of a re-INVITE. The body is
	// the SDP answer when our 2xx carried the offer, else nil. A call without one is
	// ended; when the ACK of a re-INVITE has none, the owner says what becomes of it.
	Acked(body []byte)
	// Response is each answer to our INVITE, in a dialog that UA.Call made.
	Response(r *Response)
	// Ended comes exactly once and last.
	Ended(c Cause)
}

// Who ended a call, for Cause.By.
const (
	ByCaller  = "caller" // the far end: BYE, CANCEL or a refusal
	ByUs      = "us"
	ByTimeout = "timeout" // no ACK, no answer, session timer, ring time-out
	ByError   = "error"
)

// Cause says why a dialog ended.
type Cause struct {
	By     string // ByCaller, ByUs, ByTimeout or ByError
	Code   int    // the SIP status that fits: 200 for an ordinary BYE, 487 for CANCEL, 408 for no ACK
	Text   string // for people
	Reason string // value of the Reason header of the far end, RFC 3326, if any
}
