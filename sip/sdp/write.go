package sdp

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"
)

// stream is what one of our descriptions says of its audio.
type stream struct {
	formats   []Codec
	ptime     time.Duration
	direction Direction
	mux       bool
}

// write makes the text. It differs from the last one: then the version goes up.
func (l *Local) write(caps Caps, audio stream) {
	text := l.text(caps, audio)
	if len(l.SDP) > 0 && !bytes.Equal(text, l.SDP) {
		l.Origin.Version++
		text = l.text(caps, audio)
	}
	l.SDP = text
}

func (l *Local) text(caps Caps, audio stream) []byte {
	var b bytes.Buffer
	addr := network(caps.Addr)
	fmt.Fprintf(&b, "v=0\r\no=- %d %d %s\r\ns=-\r\nc=%s\r\nt=%s\r\n", l.Origin.ID, l.Origin.Version, addr, addr, l.timing)
	for _, slot := range l.slots {
		if slot != "" {
			fmt.Fprintf(&b, "m=%s\r\n", slot)
			continue
		}
		audio.text(&b, l.proto, caps)
	}
	return b.Bytes()
}

func (a stream) text(b *bytes.Buffer, proto string, caps Caps) {
	fmt.Fprintf(b, "m=audio %d %s", caps.Port, proto)
	for _, c := range a.formats {
		fmt.Fprintf(b, " %d", c.PT)
	}
	b.WriteString("\r\n")
	for _, c := range a.formats {
		fmt.Fprintf(b, "a=rtpmap:%d %s\r\n", c.PT, c)
		if c.Fmtp != "" {
			fmt.Fprintf(b, "a=fmtp:%d %s\r\n", c.PT, c.Fmtp)
		}
	}
	fmt.Fprintf(b, "a=ptime:%d\r\na=%s\r\n", a.ptime.Milliseconds(), a.direction)
	if a.mux {
		b.WriteString("a=rtcp-mux\r\n")
	}
	if caps.RTCPPort != 0 && caps.RTCPPort != caps.Port+1 {
		fmt.Fprintf(b, "a=rtcp:%d\r\n", caps.RTCPPort)
	}
}

// network is an address as o= and c= write it.
func network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid():
		return "IN IP4 0.0.0.0"
	case a.Is4():
		return "IN IP4 " + a.String()
	default:
		return "IN IP6 " + a.String()
	}
}
