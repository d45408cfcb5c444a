package sdp

import "slices"

// Direction says which way audio flows, from the point of view of its owner
// (RFC 3264 section 5.1).
type Direction int

// The four directions; the zero value is SendRecv, the default of RFC 8866.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directionNames = [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}

// directionNamed finds the direction that an attribute stands for.
func directionNamed(attribute string) (Direction, bool) {
	i := slices.Index(directionNames[:], attribute)
	return Direction(max(i, 0)), i >= 0
}

// String returns the attribute's name, "sendrecv" for instance.
func (d Direction) String() string {
	if d < 0 || int(d) >= len(directionNames) {
		return "inactive"
	}
	return directionNames[d]
}

// Reverse returns the same flow seen from the other end.
func (d Direction) Reverse() Direction {
	switch d {
	case SendOnly:
		return RecvOnly
	case RecvOnly:
		return SendOnly
	case SendRecv, Inactive:
	}
	return d
}

// Sends is true when the owner sends.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives is true when the owner receives.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// And returns what both d and e allow.
func (d Direction) And(e Direction) Direction {
	return direction(d.Sends() && e.Sends(), d.Receives() && e.Receives())
}

func direction(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	default:
		return Inactive
	}
}
