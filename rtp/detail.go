package rtp

import (
	"fmt"
	"net/netip"
	"time"
)

// Detail says where packets go, for the graph's picture.
func (f *sender) Detail() string {
	if to := f.s.Remote(); to.IsValid() {
		return "to " + to.String()
	}
	return "to nobody yet"
}

// Detail says where packets come in, and how much the jitter buffer holds back.
func (f *poller) Detail() string {
	s := f.s.Stats()
	text := fmt.Sprintf("jitter buffer %d ms", s.Delay.Round(time.Millisecond).Milliseconds())
	if at, ok := f.s.transport.(interface{ Local() netip.AddrPort }); ok {
		text = "at " + at.Local().String() + "\n" + text
	}
	return text
}
