package sdp

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"

	pion "github.com/pion/sdp/v3"
)

// stream is what one of our descriptions says of its audio.
type stream struct {
	formats   []Codec
	ptime     time.Duration
	direction Direction
	mux       bool
}

// write makes the text. It differs from the last one: then the version goes up.
func (l *Local) write(caps Caps, audio stream) error {
	d := l.describe(caps, audio)
	text, err := d.Marshal()
	if err == nil && len(l.SDP) > 0 && !bytes.Equal(text, l.SDP) {
		l.Origin.Version++
		d.Origin.SessionVersion = l.Origin.Version
		text, err = d.Marshal()
	}
	if err != nil {
		return &Refusal{500, "Server Internal Error", warning(warnOther, err.Error())}
	}
	l.SDP = text
	return nil
}

// describe builds the description, its m-lines in their places.
func (l *Local) describe(caps Caps, audio stream) *pion.SessionDescription {
	conn := network(caps.Addr)
	d := &pion.SessionDescription{
		Origin: pion.Origin{
			Username: "-", SessionID: l.Origin.ID, SessionVersion: l.Origin.Version,
			NetworkType: conn.NetworkType, AddressType: conn.AddressType, UnicastAddress: conn.Address.Address,
		},
		SessionName:           "-",
		ConnectionInformation: conn,
		TimeDescriptions:      []pion.TimeDescription{{Timing: l.timing}},
	}
	for _, slot := range l.slots {
		if slot == nil {
			slot = audio.describe(l.proto, caps)
		}
		d.WithMedia(slot)
	}
	return d
}

// describe builds our m-line: rtpmap and fmtp of each format, and up to four attributes.
func (a stream) describe(proto string, caps Caps) *pion.MediaDescription {
	d := &pion.MediaDescription{MediaName: pion.MediaName{
		Media: "audio", Port: pion.RangedPort{Value: caps.Port}, Protos: []string{proto},
		Formats: make([]string, 0, len(a.formats)),
	}, Attributes: make([]pion.Attribute, 0, 2*len(a.formats)+4)}
	for _, c := range a.formats {
		channels := uint16(0) // one is not written
		if c.Channels > 1 {
			channels = uint16(c.Channels)
		}
		d.WithCodec(c.PT, c.Name, uint32(c.ClockRate), channels, c.Fmtp)
	}
	d.WithValueAttribute("ptime", strconv.FormatInt(a.ptime.Milliseconds(), 10))
	d.WithPropertyAttribute(a.direction.String())
	if a.mux {
		d.WithPropertyAttribute("rtcp-mux")
	}
	if caps.RTCPPort != 0 && caps.RTCPPort != caps.Port+1 {
		d.WithValueAttribute("rtcp", strconv.Itoa(caps.RTCPPort))
	}
	return d
}

// network is an address as o= and c= write it.
func network(a netip.Addr) *pion.ConnectionInformation {
	a = a.Unmap().WithZone("")
	conn := &pion.ConnectionInformation{NetworkType: "IN", AddressType: "IP4", Address: &pion.Address{Address: "0.0.0.0"}}
	if a.IsValid() {
		conn.Address.Address = a.String()
	}
	if a.Is6() {
		conn.AddressType = "IP6"
	}
	return conn
}
