package main

import (
	"fmt"

	"github.com/rs/zerolog"

	"rms/config"
)

// spareFiles are the descriptors that everything but calls may need.
const spareFiles = 200

// capacity returns how many calls the machine's limits let us take: sip.max_calls,
// the port range and two descriptors a call.
func capacity(cfg *config.Config, log zerolog.Logger) (int, error) {
	n := cfg.SIP.MaxCalls
	if p := cfg.RTP.Ports.Pairs(); p < n {
		log.Info().Int("max_calls", p).Str("rtp_ports", cfg.RTP.Ports.String()).Msg("calls bounded by rtp.ports")
		n = p
	}
	files, err := raiseFiles(uint64(2*n + spareFiles))
	if err != nil {
		return 0, fmt.Errorf("read the limit on open files: %w", err)
	}
	if most := (int(files) - spareFiles) / 2; most < n {
		if most < 1 {
			return 0, fmt.Errorf("the limit on open files (%d) leaves no room for a call: raise it, for example with \"ulimit -n 65536\"", files)
		}
		log.Warn().Int("max_calls", most).Uint64("open_files", files).Msg("calls bounded by the limit on open files (ulimit -n)")
		n = most
	}
	return n, nil
}
