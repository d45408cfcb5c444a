package call

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

func init() {
	apis["uuid_record"] = func(x *Exec, args string) string {
		words, err := SplitWords(args)
		if err != nil || len(words) < 3 {
			return "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>]\n"
		}
		id, action, path, limit := words[0].Text, strings.ToLower(words[1].Text), words[2].Text, ""
		if len(words) > 3 {
			limit = words[3].Text
		}
		do, ok := recordActions[action]
		if _, live := x.manager.Find(id); !live {
			return apiNoSession
		} else if !ok {
			return "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>]\n"
		}
		if err := x.on(id, func(x *Exec) error { return do.run(x, path, limit) }); err != nil {
			x.Log().Warn().Str("command", "uuid_record").Str("uuid", id).Str("action", action).Str("reason", err.Error()).Msg("api command refused")
			return do.refused
		}
		return "+OK Success\n"
	}
}

// recordActions are what uuid_record does, with the replies of the original when it
// cannot; the reason is in the log.
var recordActions = map[string]struct {
	run     func(x *Exec, path, limit string) error
	refused string
}{
	"start": {(*Exec).recordPath, "-ERR Cannot record session!\n"},
	"stop":  {(*Exec).stopPath, "-ERR Cannot stop record session!\n"},
	"mask": {func(x *Exec, path, _ string) error {
		return x.call.withPath(path, func(r *recording) error { return r.pause(true) })
	}, "-ERR Cannot mask recording session!\n"},
	"unmask": {func(x *Exec, path, _ string) error {
		return x.call.withPath(path, (*recording).resume)
	}, "-ERR Cannot unmask recording session!\n"},
}

// recordPath begins a recording that is named by its path, as the original has it: both
// sides added on one channel, unless a variable of the call says otherwise.
func (x *Exec) recordPath(path, limit string) error {
	c := x.call
	args := map[string]any{"file": path, "name": path, "sides": c.recordSides()}
	if seconds, err := strconv.ParseFloat(strings.TrimPrefix(limit, "+"), 64); err == nil && seconds > 0 {
		args["max"] = min(seconds, (7 * 24 * time.Hour).Seconds())
	}
	if c.says("RECORD_APPEND") {
		args["append"] = true
	}
	verb, _ := Lookup("record_start")
	a, err := verb.Bind(nil, args)
	if err != nil {
		return err
	}
	r, err := c.newRecording(a)
	if err != nil {
		return err
	}
	if c.leg == nil && c.state < answered && c.dialog != nil && len(c.dialog.Invite().SDP()) > 0 {
		if err := c.ring(183, "Session Progress", true); err != nil {
			return err
		}
	}
	return c.record(r)
}

// recordSides reads the variables by which the original chooses what is recorded.
func (c *Call) recordSides() string {
	switch {
	case c.says("RECORD_READ_ONLY"):
		return "caller"
	case c.says("RECORD_WRITE_ONLY"):
		return "callee"
	case c.says("RECORD_STEREO"):
		return "stereo"
	}
	return "mixed"
}

// says tells whether a variable of the call is true, as clients of FreeSWITCH write it.
func (c *Call) says(variable string) bool {
	v, _ := c.vars.get(variable)
	switch strings.ToLower(text(v)) {
	case "true", "yes", "on", "1", "t", "enabled", "active", "allow":
		return true
	}
	return false
}

// belowRoot takes record.root off a path that lies in it.
func (c *Call) belowRoot(path string) string {
	root := strings.TrimSuffix(c.manager.opts.Recording.Root, "/")
	if rest, ok := strings.CutPrefix(path, root+"/"); ok && root != "" {
		return strings.TrimLeft(rest, "/")
	}
	return path
}

// stopPath ends the recording of a path, or all of them.
func (x *Exec) stopPath(path, _ string) error {
	return x.call.withPath(path, func(r *recording) error {
		r.stop(ReasonStopped)
		return nil
	})
}

// withPath does something with the recording of a path; "all" is each of them.
func (c *Call) withPath(path string, do func(*recording) error) error {
	if path != "all" {
		r, err := c.recording(path)
		if err != nil {
			return err
		}
		return do(r)
	}
	if c.liveRecordings() == 0 {
		return errors.New("the call is not recorded")
	}
	var errs []error
	for _, r := range append([]*recording(nil), c.recordings...) {
		if !r.stopping {
			errs = append(errs, do(r))
		}
	}
	return errors.Join(errs...)
}
