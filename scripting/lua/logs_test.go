package lua_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"rms/call"
	"rms/scripting/lua"
	"rms/scripting/scripttest"
)

func TestLogLinesExpandPseudoVariables(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	x := &scripttest.Exec{Out: &out, PVs: map[string]string{"$ci": "id\r\n1", "$hdr(X-A)": "v$ci", "$(hdr(X-A))": "w"}}
	err := run(t, `
		xnotice("BYE RECEIVED [$ci]\n")
		xinfo("$hdr(X-A) $(hdr(X-A)) $fU $$ 5$ \1")
		xlog("L_WARN", "warned") xlog("plain")
		KSR.info("i") KSR.err("e\n") KSR.xlog.xnotice("n") KSR.xlog("L_DBG", "d")
		print("a", 1, nil)`, x)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"level":"info","message":"BYE RECEIVED [id\\r\\n1]"}
{"level":"info","message":"v$ci w <null> $ 5$ \\x01"}
{"level":"warn","message":"warned"}
{"level":"error","message":"plain"}
{"level":"info","message":"i"}
{"level":"error","message":"e"}
{"level":"info","message":"n"}
{"level":"debug","message":"d"}
{"level":"info","message":"a\\t1\\tnil"}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLogLinesOfARunAreBounded(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	x := &scripttest.Exec{Out: &out}
	o := quiet
	o.Limits.Budget = time.Minute
	s := load(t, `local line = ("x"):rep(10000) function route() for i = 1, 1000 do xinfo(line) end end`, o)
	if err := s.Run(x, "route"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 101 || !strings.Contains(lines[100], `"dropped":900`) || out.Len() > 100*4300+200 {
		t.Errorf("%d lines, %d bytes, last %.200s", len(lines), out.Len(), lines[len(lines)-1])
	}
}

func TestMaskedDigitsDoNotReachTheLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := load(t, `function route(call) xinfo("pin " .. call.digit .. " from $fU") end`, lua.Options{Log: zerolog.Nop(), Masked: true})
	x := &scripttest.Exec{Out: &out, PVs: map[string]string{"$fU": "100"}, Started: &call.Event{Fields: []call.Field{{Name: "digit", Value: "7"}}}}
	if err := s.Run(x, "route"); err != nil || !strings.Contains(out.String(), "pin * from 100") {
		t.Error(err, out.String())
	}
}

func TestLoadingLogsOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p, err := lua.Compile("t.lua", []byte(`print("hello")`), lua.Options{Log: zerolog.New(&out)})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s, err := p.NewState()
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	if n := strings.Count(out.String(), "hello"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}
