package httpapi

import (
	"net/http"
	"slices"
)

// reload is POST /v1/reload: the script is loaded again.
func (s *Server) reload(w http.ResponseWriter, _ *http.Request) error {
	if s.opts.Reload == nil {
		return fault("unavailable", "this server has no script that can be loaded again")
	}
	if err := s.opts.Reload.Reload(); err != nil {
		return err
	}
	answer := map[string]any{"result": true}
	if s.opts.Scripts != nil {
		answer["version"] = s.opts.Scripts().Version
	}
	return writeJSON(w, http.StatusOK, answer)
}

// drain is POST /v1/drain: what SIGTERM does.
func (s *Server) drain(w http.ResponseWriter, _ *http.Request) error {
	if s.opts.Drain == nil {
		return fault("unavailable", "this server cannot be drained from here: send it SIGTERM")
	}
	s.opts.Drain()
	return writeJSON(w, http.StatusAccepted, map[string]any{"result": true, "calls": s.opts.Calls.Len()})
}

// levels of the log.
var levels = []string{"trace", "debug", "info", "warn", "error"}

// logLevel is POST /v1/log.
func (s *Server) logLevel(w http.ResponseWriter, r *http.Request) error {
	if s.opts.LogLevel == nil {
		return fault("unavailable", "the level of this server's log is fixed: set log.level")
	}
	body, err := s.readBody(w, r)
	if err != nil {
		return err
	}
	val, err := decodeJSON(body)
	if err != nil {
		return err
	}
	object, _ := val.(map[string]any)
	level, _ := object["level"].(string)
	if len(object) != 1 || !slices.Contains(levels, level) {
		return wrong("level", "the body must be {\"level\": LEVEL} with one of trace, debug, info, warn, error")
	}
	now, err := s.opts.LogLevel(level)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"result": now})
}
