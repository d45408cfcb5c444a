package call

import (
	"time"

	"rms/sip"
)

// started tells that the recorder records.
func (s *siprecOut) started() {
	c := s.call
	streams, relayed, at := 0, 0, ""
	for _, side := range s.sides {
		if side.refused {
			continue
		}
		streams++
		if side.relays {
			relayed++
		}
		if at == "" {
			at = address(side.media.Remote)
		}
	}
	codec := ""
	for _, side := range s.sides {
		if !side.refused {
			codec = side.codec.Encoding()
			break
		}
	}
	c.info().Str("siprec", s.name).Str("to", s.to).Str("remote", at).Str("codec", codec).Int("streams", streams).Msg("siprec started")
	c.emit(&Event{Name: EventSiprecStart, Fields: []Field{
		{"role", "client"}, {"name", s.name}, {"to", s.to}, {"remote", at}, {"codec", codec}, {"streams", int64(streams)},
		{"relayed", relayed == streams}, {"sip_call_id", s.dialog.CallID()},
	}})
}

// failed tells what went wrong.
func (s *siprecOut) failed(code int, text string) {
	s.call.warn().Str("siprec", s.name).Str("to", s.to).Int("code", code).Str("err", text).Msg("siprec failed")
	s.call.emit(&Event{Name: EventSiprecError, Fields: []Field{
		{"role", "client"}, {"name", s.name}, {"to", s.to}, {"code", int64(code)}, {"error", text},
	}})
}

// stopped tells that the recording session is over.
func (s *siprecOut) stopped(by string, code int, text string, packets uint64) {
	if by == sip.ByCaller {
		by = "recorder"
	}
	var lasted time.Duration
	if s.recording {
		lasted = time.Since(s.began)
	}
	s.call.info().Str("siprec", s.name).Str("to", s.to).Str("by", by).Int("code", code).Str("reason", text).
		Dur("duration", lasted).Uint64("packets", packets).Msg("siprec ended")
	s.call.emit(&Event{Name: EventSiprecStop, Fields: []Field{
		{"role", "client"}, {"name", s.name}, {"to", s.to}, {"by", by}, {"code", int64(code)}, {"reason", text},
		{"duration_ms", lasted.Milliseconds()}, {"packets", int64(packets)},
	}})
}
