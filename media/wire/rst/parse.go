package rst

import "bytes"

const (
	maxLength  = 65507 // payload of a UDP datagram over IPv4, in bytes
	halfLength = 320   // what mod_rst announces for 20 ms of L16
	maxPT      = 34    // last static payload type (RFC 3551 section 6)
)

// Parse reads one datagram. The error is an *Error.
func Parse(b []byte) (Packet, error) { return ParseKnown(b, nil) }

// ParseKnown is Parse for receivers that keep a table of streams: known returns the
// UUID as a string that the receiver holds already, so that nothing is allocated for
// the datagrams of a stream. The bytes given to known are valid during the call only.
func ParseKnown(b []byte, known func(id []byte) (string, bool)) (Packet, error) {
	if len(b) < 5 {
		return Packet{}, ErrShort
	}
	rest := b[4:]
	var p Packet
	switch string(b[:4]) {
	case "DATA":
		p.Kind = Data
	case "INV ":
		p.Kind = Inv
	case "ACK ":
		p.Kind = Ack
	case "BYE ":
		p.Kind = Bye
	default:
		return Packet{}, ErrCommand
	}
	if p.Kind != Data {
		if rest[0] == ' ' { // a second space is seen in the wild
			rest = rest[1:]
		}
		rest = bytes.TrimRight(rest, "\x00\r\n ")
	}
	if len(rest) == 0 || rest[0] != ':' {
		return Packet{}, ErrCommand
	}
	rest = rest[1:]
	id, rest, more := bytes.Cut(rest, colon)
	if !isUUID(id) {
		return Packet{}, ErrID
	}
	p.ID = name(id, known)
	if err := p.fields(rest, more); err != nil {
		return Packet{}, err
	}
	return p, nil
}

var colon = []byte{':'}

func name(id []byte, known func(id []byte) (string, bool)) string {
	if known != nil {
		if s, ok := known(id); ok {
			return s
		}
	}
	return string(id)
}

// fields reads what follows the UUID; more tells an empty rest from none.
func (p *Packet) fields(rest []byte, more bool) error {
	var err *Error
	switch p.Kind {
	case Data:
		err = p.data(rest)
	case Inv:
		err = p.invite(rest, more)
	case Ack:
		err = p.answer(rest, more)
	default:
		if more {
			err = ErrFields
		}
	}
	if err != nil { // a nil *Error is not a nil error
		return err
	}
	return nil
}

func (p *Packet) invite(rest []byte, more bool) *Error {
	caller, rest, two := bytes.Cut(rest, colon)
	callee, ports, generation2 := bytes.Cut(rest, colon)
	if !more || !two {
		return ErrFields
	}
	if len(caller) > MaxParty || len(callee) > MaxParty {
		return ErrParty
	}
	if generation2 {
		if err := p.ports(ports); err != nil {
			return err
		}
	}
	p.Caller, p.Callee = decodeParty(caller), decodeParty(callee)
	return nil
}

func (p *Packet) answer(rest []byte, more bool) *Error {
	if !more {
		return nil
	}
	return p.ports(rest)
}

// ports reads the two ports of generation 2.
func (p *Packet) ports(b []byte) *Error {
	read, write, two := bytes.Cut(b, colon)
	if !two || bytes.IndexByte(write, ':') >= 0 {
		return ErrFields
	}
	var ok1, ok2 bool
	p.ReadPort, ok1 = number(read)
	p.WritePort, ok2 = number(write)
	if !ok1 || !ok2 || !isPort(p.ReadPort) || !isPort(p.WritePort) {
		return ErrPort
	}
	return nil
}

// data reads direction, payload type and length; what follows the fifth colon of
// the datagram is payload and never searched.
func (p *Packet) data(b []byte) *Error {
	side, b, ok1 := bytes.Cut(b, colon)
	pt, b, ok2 := bytes.Cut(b, colon)
	length, b, ok3 := bytes.Cut(b, colon)
	if !ok1 || !ok2 || !ok3 {
		return ErrFields
	}
	if len(side) != 1 || side[0] != Read && side[0] != Write {
		return ErrSide
	}
	n, ok := number(pt)
	if !ok || len(pt) != 2 || n > maxPT {
		return ErrPT
	}
	p.Side, p.PT = side[0], uint8(n)
	if n, ok = number(length); !ok || n > maxLength {
		return ErrLength
	}
	if p.PT == L16 && n == halfLength && len(b) == halfLength/2 {
		p.Payload, p.Half = b, true
		return nil
	}
	if len(b) < n {
		return ErrTruncated
	}
	p.Payload, p.Excess = b[:n:n], len(b)-n
	return nil
}

// number reads one to five decimal digits.
func number(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 5 {
		return 0, false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func isPort(n int) bool { return n >= 1 && n <= 65535 }

// ValidID reports whether id can be the UUID of a stream: 8-4-4-4-12 hexadecimal
// digits. Nothing else becomes part of a file name.
func ValidID(id string) bool { return len(id) == IDLength && isUUID([]byte(id)) }

func isUUID(b []byte) bool {
	if len(b) != IDLength {
		return false
	}
	for i, c := range b {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
