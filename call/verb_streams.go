package call

func init() {
	Register(&Verb{
		Name:   "streams",
		Doc:    "Lists the streams of the call.",
		Result: "a list of tables: name, url, state (waiting, connecting, connected, paused, stopping), queued_ms, dropped_ms, frames_out, bytes_out, frames_in, bytes_in, playing_ms (of the far end's audio that waits), played_ms, marks",
		Run: func(x *Exec, _ Args) (any, error) {
			list := make([]any, 0, len(x.call.streams))
			for _, s := range x.call.streams {
				list = append(list, s.report())
			}
			return list, nil
		},
	})
}

// report says how a stream is doing.
func (s *stream) report() map[string]any {
	m := map[string]any{"name": s.name, "url": shownURL(s.set.target.URL), "mix": s.set.mix.String(), "state": "waiting"}
	if s.waiting() {
		return m
	}
	switch {
	case s.stopping || s.ending:
		m["state"] = "stopping"
	case s.life.current() == nil:
		m["state"] = "connecting"
	case s.paused:
		m["state"] = "paused"
	default:
		m["state"] = "connected"
	}
	st, play := s.stats(), s.life.playout.Stats()
	m["dropped_ms"] = s.lost().Milliseconds()
	if link := s.link.Load(); link != nil {
		m["queued_ms"] = link.Stats().Queued.Milliseconds()
	}
	m["frames_out"], m["bytes_out"] = int64(st.FramesOut), int64(st.BytesOut)
	m["frames_in"], m["bytes_in"] = int64(st.FramesIn), int64(st.BytesIn)
	m["playing_ms"], m["played_ms"] = play.Queued.Milliseconds(), play.Played.Milliseconds()
	m["marks"] = int64(play.Marks)
	return m
}
