package scripting_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"rms/scripting"
)

func TestFilesThatCannotBeLoaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large := filepath.Join(dir, "large.lua")
	if err := os.WriteFile(large, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.lua"): "no such file", filepath.Join(dir, "x.py"): `files ending in ".py" cannot be run`,
		dir + "/": `ending in ""`, large: "larger than", file(t, "x = = 1"): "t.lua:1: syntax error",
		file(t, "\nerror('bad')"): "t.lua:2: bad",
	} {
		e, err := scripting.Load(scripting.Options{File: path, Log: zerolog.Nop()})
		if err == nil {
			e.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
		if errs := scripting.Check(path); len(errs) == 0 || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("check %s: %v", path, errs)
		}
	}
}

func TestCheckFindsMistakesWithLines(t *testing.T) {
	t.Parallel()
	path := file(t, `event_route["rms:start"] = function(call)
  rms_answer("rms:start")
  rms_answer("rms:stat")
  rms.play{file = "a.wav", rute = "x"}
  rms_play("a.wav", "nowhere")
  rms_play(call.user, "nowhere")
  rms.play{file = call.user, route = "also " .. "computed"}
  KSR.rtp_media_server.rms_play("a.wav", "missing")
  rms_pley("a.wav")
  rms_bridge("sip:x")
  rms_play()
  rms_play(unpack(list))
  rms_play(1)
  rms_own()
  local f = function() return rms_play("a.wav", "inner") end
end
function rms_own() end
`)
	var got []string
	for _, err := range scripting.Check(path) {
		got = append(got, strings.TrimPrefix(err.Error(), path+":"))
	}
	want := []string{
		`3: rms_answer: no event_route["rms:stat"] in this script (has: rms:start)`,
		`4: rms_play: unknown parameter "rute"`,
		`5: rms_play: no event_route["nowhere"] in this script (has: rms:start)`,
		`6: rms_play: no event_route["nowhere"] in this script (has: rms:start)`,
		`8: rms_play: no event_route["missing"] in this script (has: rms:start)`,
		`9: rms_pley: unknown verb`, `10: rms_bridge: not available`,
		`11: rms_play: missing argument "file"`, `13: rms_play: parameter "file": wants a string`,
		`15: rms_play: no event_route["inner"] in this script (has: rms:start)`,
	}
	for i := range want {
		if i < len(got) && strings.HasPrefix(got[i], want[i]) {
			got[i] = want[i]
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCheckKnowsThatNumbersAreTrue(t *testing.T) {
	t.Parallel()
	path := file(t, `function ksr_request_route()
  if KSR.siputils.has_totag() then return end
  if not (KSR.is_method("INVITE") and KSR.tmx.t_precheck_trans()) then return end
  if KSR.siputils.has_totag() > 0 and has_totag() then return end
  if KSR.pv.get("$rU") then return end
  while not KSR.rtp_media_server.rms_answer() do end
  event_route.x = function() if KSR.hdr.is_present("X-A") then end end
end
`)
	var lines []string
	for _, err := range scripting.Check(path) {
		line, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), path+":"), ":")
		lines = append(lines, line)
	}
	if diff := cmp.Diff([]string{"2", "3", "6", "7"}, lines); diff != "" {
		t.Error(diff)
	}
}
