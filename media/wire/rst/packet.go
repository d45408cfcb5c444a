// Package rst reads and writes the datagrams of mod_rst, the module that copies a
// call's audio to a UDP server, in both generations of its protocol:
//
//	INV :<uuid>:<caller>:<callee>                            a stream begins
//	INV :<uuid>:<caller>:<callee>:<read port>:<write port>   generation 2
//	ACK :<uuid>[:<read port>:<write port>]
//	DATA:<uuid>:R|W:<payload type>:<length>:<payload>        R from the caller, W to it
//	BYE :<uuid>                                              a stream ends
//
// The smallest example:
//
//	p, err := rst.Parse(datagram)
//	if err == nil && p.Kind == rst.Data {
//		play(p.Side, p.PT, p.Payload)
//	}
package rst

// Kind is what a datagram says.
type Kind uint8

// The commands of the protocol.
const (
	Inv  Kind = iota + 1 // a stream begins
	Ack                  // the server has heard an INV or a BYE
	Bye                  // a stream ends
	Data                 // audio
)

// String returns the command as it is on the wire, without padding.
func (k Kind) String() string {
	switch k {
	case Inv:
		return "INV"
	case Ack:
		return "ACK"
	case Bye:
		return "BYE"
	case Data:
		return "DATA"
	default:
		return "none"
	}
}

// Sides of a call, as in Packet.Side.
const (
	Read  = 'R' // what the caller says
	Write = 'W' // what is sent to the caller
)

// Payload types that are audio here.
const (
	PCMU = 0  // G.711 mu-law, 8000 Hz, 160 bytes in 20 ms
	PCMA = 8  // G.711 A-law, the same size
	L16  = 10 // signed 16 bit little-endian, 8000 Hz, one channel, 320 bytes in 20 ms
)

// Sizes of the protocol.
const (
	// DefaultPort is the UDP port of a server.
	DefaultPort = 9527
	// IDLength is that of a UUID.
	IDLength = 36
	// MaxParty bounds caller and callee, in bytes on the wire.
	MaxParty = 255
	// MaxDatagram is the receive buffer of the original server, in bytes.
	MaxDatagram = 1024
	// MaxPayload leaves room for the longest header in MaxDatagram.
	MaxPayload = MaxDatagram - len("DATA:") - IDLength - len(":R:00:1024:")
)

// Packet is one datagram.
type Packet struct {
	Kind Kind
	ID   string // UUID of the call, as it was sent

	// Caller and Callee are those of an INV. They hold neither control characters
	// nor more than MaxParty bytes.
	Caller, Callee string
	// ReadPort and WritePort are those of an INV or ACK of generation 2; 0 without.
	ReadPort, WritePort int

	Side    byte   // of DATA: Read or Write
	PT      uint8  // of DATA: 0 to 34
	Payload []byte // of DATA; part of what was parsed
	Excess  int    // bytes of DATA after the payload
	// Half is set when only half of the L16 payload was there that the length
	// announced, which is how mod_rst sends it.
	Half bool
}

// Error says why a datagram was dropped.
type Error struct {
	Counter string // name for statistics: "rst_short"
	Text    string
}

// Error returns what was wrong, for people.
func (e *Error) Error() string { return e.Text }

// What Parse returns. They are variables so that hostile traffic costs no memory.
var (
	ErrShort     = &Error{"rst_short", "rst: shorter than a command"}
	ErrCommand   = &Error{"rst_command", "rst: no command of the protocol"}
	ErrID        = &Error{"rst_uuid", "rst: no UUID"}
	ErrFields    = &Error{"rst_fields", "rst: wrong number of fields"}
	ErrParty     = &Error{"rst_party", "rst: caller or callee is too long"}
	ErrPort      = &Error{"rst_port", "rst: port is not within 1 to 65535"}
	ErrSide      = &Error{"rst_flag", "rst: direction is neither R nor W"}
	ErrPT        = &Error{"rst_payload_type", "rst: no static payload type of two digits"}
	ErrLength    = &Error{"rst_length", "rst: length is no number of bytes of a datagram"}
	ErrTruncated = &Error{"rst_truncated", "rst: fewer bytes than the length says"}
)
