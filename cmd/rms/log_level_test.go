package main

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/cmd/rms/phone"
	"rms/config"
	"rms/sip"
)

// smallServer is a server on free ports of loopback, and its log.
func smallServer(t *testing.T, flags map[string][]string) (*server, *output) {
	t.Helper()
	all := map[string][]string{
		"sip.listen": {"udp://127.0.0.1:0"}, "rtp.ports": {"24000-24999"}, "media.roots": {""}, "log.format": {"json"},
	}
	for name, value := range flags {
		all[name] = value
	}
	cfg, err := config.Load(config.Options{Flags: all})
	if err != nil {
		t.Fatal(err)
	}
	var out output
	log, level, _, err := newLog(cfg, io.Discard, &out)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(cfg, log, level)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s, &out
}

// talk calls a user of the server for a moment.
func talk(t *testing.T, s *server, user string, most time.Duration) phone.Result {
	t.Helper()
	addr, _ := s.dialable()
	res, err := phone.Run(t.Context(), phone.Options{To: "sip:" + user + "@" + addr, For: most}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestLevelOfTheLogChangesWhileItIsWritten(t *testing.T) {
	var out output
	cfg, err := config.Load(config.Options{Flags: map[string][]string{"log.level": {"warn"}, "log.format": {"json"}}})
	if err != nil {
		t.Fatal(err)
	}
	log, level, _, err := newLog(cfg, io.Discard, &out)
	if err != nil {
		t.Fatal(err)
	}
	call := log.With().Str("call_id", "x").Logger() // made before the change
	call.Info().Msg("one")
	if now, err := level.set("debug"); err != nil || now != "debug" {
		t.Fatal(now, err)
	}
	call.Debug().Msg("two")
	call.Trace().Msg("three")
	if _, err := level.set("error"); err != nil {
		t.Fatal(err)
	}
	call.Warn().Msg("four")
	call.WithLevel(zerolog.ErrorLevel).Msg("five")
	if now, err := level.set("loud"); err == nil || now != "" || !strings.Contains(err.Error(), "trace, debug, info, warn, error") {
		t.Errorf("%q, %v", now, err)
	}
	if now, _ := level.set(""); now != "error" {
		t.Errorf("the level is %q", now)
	}
	got := out.String()
	for word, want := range map[string]bool{"one": false, "two": true, "three": false, "four": false, "five": true} {
		if strings.Contains(got, `"`+word+`"`) != want {
			t.Errorf("%q in the log: %v, want %v\n%s", word, !want, want, got)
		}
	}
}

func TestLinesBelowTheLevelCostNoMemory(t *testing.T) {
	cfg, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log, _, _, err := newLog(cfg, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { log.Debug().Str("a", "b").Int("c", 1).Msg("no") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTraceLevelWritesMessagesFromTheChangeOn(t *testing.T) {
	s, out := smallServer(t, nil)
	talk(t, s, "tone", 100*time.Millisecond)
	if strings.Contains(out.String(), "sip message") {
		t.Fatal("messages are written at level info")
	}
	if now, err := s.logLevel("trace"); err != nil || now != "trace" {
		t.Fatal(now, err)
	}
	talk(t, s, "tone", 100*time.Millisecond)
	if _, err := s.logLevel("info"); err != nil {
		t.Fatal(err)
	}
	n := len(messages(t, out.String()))
	if n < 6 {
		t.Errorf("%d messages", n)
	}
	talk(t, s, "tone", 100*time.Millisecond)
	if now := len(messages(t, out.String())); now != n {
		t.Errorf("%d messages were written after the level was info again", now-n)
	}
	if !strings.Contains(out.String(), `"from":"trace","to":"info"`) {
		t.Error("the log does not tell of the change")
	}
}

func TestWatchersOfATraceGetItsMessagesOnly(t *testing.T) {
	s, out := smallServer(t, map[string][]string{"log.mask_digits": {"true"}})
	lines, lost, stop := s.trace.watch("")
	talk(t, s, "tone", 100*time.Millisecond)
	var firsts []string
	id := ""
	for len(lines) > 0 {
		l := <-lines
		firsts, id = append(firsts, l.First), l.CallID
	}
	if got := strings.Join(firsts, "\n"); !strings.HasPrefix(got, "INVITE ") || !strings.Contains(got, "BYE ") {
		t.Errorf("watched %s", got)
	}
	other, _, stopOther := s.trace.watch(id) // of a call that is over
	talk(t, s, "tone", 50*time.Millisecond)
	if len(other) != 0 || len(lines) == 0 {
		t.Errorf("%d and %d messages", len(other), len(lines))
	}
	for range traceWaits { // nobody reads
		s.trace.message(sip.TraceLine{CallID: "x"})
	}
	if lost() == 0 || len(lines) != traceWaits {
		t.Errorf("%d wait, %d lost", len(lines), lost())
	}
	stop()
	stopOther()
	if s.trace.watchers.any() || strings.Contains(out.String(), "sip message") {
		t.Error("the watch goes on")
	}
}
