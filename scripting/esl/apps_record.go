package esl

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"rms/call"
)

// record records what the caller says until a key of playback_terminators, silence or
// the time ends it: "path [seconds] [level of silence] [seconds of silence]".
func (r *run) record() (func() string, error) {
	words, err := call.SplitWords(r.data)
	if err != nil || len(words) == 0 {
		return nil, errors.New("record wants a file")
	}
	path := words[0].Text
	args := map[string]any{"file": path, "name": path, "sides": "caller", "terminators": r.terminators()}
	number := func(i int) float64 {
		if i >= len(words) {
			return 0
		}
		f, err := strconv.ParseFloat(strings.TrimPrefix(words[i].Text, "+"), 64)
		if err != nil || math.IsNaN(f) {
			return 0
		}
		return max(f, 0)
	}
	if most := number(1); most > 0 {
		args["max"] = min(most, 7*86400)
	}
	if level, hits := number(2), number(3); level > 0 && hits > 0 {
		args["silence_threshold"] = min(max(20*math.Log10(level/32768), -90), -1)
		args["silence_stop"] = min(hits, 86400)
	}
	wait, err := r.start("record_start", args)
	if err != nil {
		return nil, err
	}
	return func() string {
		ms, _ := wait().Get("duration_ms").(int64)
		_ = r.setVariable("record_ms", strconv.FormatInt(ms, 10))
		_ = r.setVariable("record_seconds", strconv.FormatInt(ms/1000, 10))
		return ""
	}, nil
}

// terminators are the keys that end a recording: * unless a variable says others.
func (r *run) terminators() string {
	switch keys := r.server.variable(r.id, "playback_terminators"); strings.ToLower(keys) {
	case "", "_undef_":
		return "*"
	case "none":
		return ""
	case "any":
		return "0123456789*#ABCD"
	default:
		return keys
	}
}

// recordSession records both sides while the call goes on: "path [+seconds]".
func (r *run) recordSession() (func() string, error) {
	return nil, r.command("uuid_record " + r.id + " start " + r.data)
}

// stopRecordSession ends one recording, or all: "path" or "all".
func (r *run) stopRecordSession() (func() string, error) {
	return nil, r.command("uuid_record " + r.id + " stop " + r.data)
}
