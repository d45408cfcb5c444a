package top

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"rms/cmd/rms/ctl"
)

// Lines writes a line for each look at the server, n of them or until ctx ends when n
// is 0: for files and pipes. A server that is gone is an error at first, later a line.
func Lines(ctx context.Context, o Options, w io.Writer, n int, asJSON bool) error {
	tick := time.NewTicker(o.Every)
	defer tick.Stop()
	var old []*ctl.Status
	for i := 0; n == 0 || i < n; i++ {
		s, err := o.Client.Status(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && i == 0:
			return err
		case err != nil:
			old = nil
			_, err = fmt.Fprintf(w, "%s %s\n", time.Now().Format("15:04:05"), ctl.Clean(err.Error()))
		case asJSON:
			err = writeJSON(w, s)
		default:
			if old = append(old, s); len(old) > window+1 {
				old = old[1:]
			}
			_, err = io.WriteString(w, statusLine(time.Now(), old[0], s)+"\n")
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if i+1 == n {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

func writeJSON(w io.Writer, s *ctl.Status) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err //nolint:wrapcheck // Lines does
	}
	_, err = w.Write(append(text, '\n'))
	return err //nolint:wrapcheck // Lines does
}

// statusLine is one line about a server: what changed since an older status is a
// figure a second.
func statusLine(at time.Time, old, s *ctl.Status) string {
	r := rates(old, s)
	return fmt.Sprintf("%s calls=%d setups/s=%.1f failed/s=%.1f cpu%%=%.1f rss=%d late_p99_ms=%.2f skipped=%d in/s=%.0f out/s=%.0f loss%%=%.2f streams=%d drops=%d",
		at.Format("15:04:05"), s.Calls.Live, r.Setups, r.Failures, r.CPU, s.Process.RSS, r.LateP99, s.Clock.Skipped, r.In, r.Out, r.Loss, s.Streams, s.Calls.Dropped)
}
