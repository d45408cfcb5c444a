package call_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"rms/call"
)

// command runs a command as the Event Socket does.
func (h *house) command(command string) string {
	h.t.Helper()
	x, err := h.calls.Door("", call.FromAPI)
	if err != nil {
		h.t.Fatal(err)
	}
	reply := x.API(command)
	h.settle()
	return reply
}

func TestCommandsAnswerAsTheOriginalDoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	id := d.calls.List()[0].ID
	tests := []struct{ command, want string }{
		{"nosuchcmd", "-ERR nosuchcmd Command not found!\n"},
		{"rms_nosuchverb x", "-ERR " + call.Unknown("nosuchverb").Error() + "\n"},
		{"uuid_exists " + id, "true"},
		{"uuid_exists none", "false"},
		{"uuid_exists", "false"},
		{"uuid_setvar " + id + " color dark red", "+OK\n"},
		{"uuid_getvar " + id + " color", "dark red"},
		{"uuid_setvar " + id + " color 'blue'", "+OK\n"},
		{"uuid_getvar " + id + " color", "blue"},
		{"uuid_setvar " + id + " color", "+OK\n"},
		{"uuid_getvar " + id + " color", "_undef_"},
		{"uuid_getvar " + id + " uuid", id},
		{"uuid_getvar " + id + " read_codec", "PCMU"},
		{"uuid_getvar " + id + " sip_h_Max-Forwards", "70"},
		{"uuid_getvar " + id, "-USAGE: <uuid> <var>\n"},
		{"uuid_getvar none color", "-ERR No such channel!\n"},
		{"uuid_setvar none color x", "-ERR No such channel!\n"},
		{"uuid_setvar " + id, "-USAGE: <uuid> <var> [value]\n"},
		{"uuid_dump none", "-ERR No such channel!\n"},
		{"uuid_dump", "-USAGE: <uuid> [format]\n"},
		{"uuid_answer " + id, "+OK\n"},
		{"uuid_answer none", "-ERR No such channel!\n"},
		{"uuid_answer", "-USAGE: <uuid>\n"},
		{"uuid_broadcast " + id, "-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n"},
		{"uuid_broadcast none menu.wav", "-ERR No such channel!\n"},
		{"uuid_broadcast " + id + " menu.wav bleg", "-ERR the call has no other leg\n"},
		{"uuid_broadcast " + id + " say::x", "-ERR application \"say\" is not available here: a file, playback::file or hangup::cause\n"},
		{"uuid_broadcast " + id + " menu.wav both", "+OK Message sent\n"},
		{"uuid_break " + id + " all", "+OK\n"},
		{"uuid_break none", "-ERR No such channel!\n"},
		{"uuid_break", "-USAGE: <uuid> [all]\n"},
		{"uuid_send_dtmf " + id + " 1", "-ERR the caller did not offer telephone-event (RFC 4733)\n"},
		{"uuid_send_dtmf none 1", "-ERR Cannot locate session!\n"},
		{"uuid_send_dtmf " + id, "-USAGE: <uuid> <dtmf_data>\n"},
		{"uuid_record " + id + " start /tmp/x.wav", "-ERR Cannot record session!\n"},
		{"uuid_record none start /tmp/x.wav", "-ERR Cannot locate session!\n"},
		{"uuid_record " + id, "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>]\n"},
		{"uuid_kill none", "-ERR No such channel!\n"},
		{"uuid_kill", "-USAGE: <uuid> [cause]\n"},
		{"version", "rms Version unknown\n"},
		{"reloadxml", "-ERR not available: this server cannot reload its script\n"},
		{"show", "-USAGE: calls|channels [count] [as json]\n"},
		{"show codecs", "-USAGE: calls|channels [count] [as json]\n"},
		{"show calls count", "\n1 total.\n"},
		{"show channels count as json", "{\"row_count\":1}\n"},
		{"  uuid_exists " + id + "\r\n", "true"},
		{"uuid_kill " + id, "+OK\n"},
		{"uuid_kill " + id, "-ERR No such channel!\n"},
	}
	for _, tc := range tests {
		if got := d.command(tc.command); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.command, got, tc.want)
		}
	}
	bye := d.call.ExpectRequest("BYE")
	d.call.Reply(bye, 200, "", "")
	d.wait("rms:end")
}

func TestKillHasItsCauseInSIP(t *testing.T) {
	t.Parallel()
	for cause, code := range map[string]int{"": 480, " USER_BUSY": 486, " call_rejected": 603, " NONSENSE": 480} {
		h := newHouse(t, script{"route": func(x *call.Exec) error { _, err := do(x, "ring"); return err }})
		e := newEar(t)
		c := h.invite(e, e.offer("0"))
		c.Expect(180)
		if got := h.command("uuid_kill " + h.calls.List()[0].ID + cause); got != "+OK\n" {
			t.Error(got)
		}
		c.Expect(code)
		c.AckRefusal()
		h.wait("rms:end")
	}
}

func TestBroadcastPlaysAndNeverHangsUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{"rms:go": func(x *call.Exec) error {
		x.API("uuid_broadcast " + x.CallID() + " tone:300/20ms aleg")
		x.API("rms_play " + x.CallID() + " none.wav")
		return nil
	}})
	d.command("rms_sleep " + d.calls.List()[0].ID + " 1 rms:go")
	d.watch.pass(time.Second)
	d.until("both plays", func() bool { return len(d.seen("rms:play_end")) == 2 })
	d.command("uuid_broadcast " + d.calls.List()[0].ID + " playback::menu.wav")
	d.command("uuid_broadcast " + d.calls.List()[0].ID + " menu.wav")
	d.run(100 * time.Millisecond)
	d.command("uuid_break " + d.calls.List()[0].ID)
	d.until("the second", func() bool { return len(d.seen("rms:play_end")) == 4 })
	var reasons []string
	for _, ev := range d.seen("rms:play_end") {
		reasons = append(reasons, fmt.Sprint(ev.Get("reason")))
	}
	if got := strings.Join(reasons, " "); got != "error done stopped done" {
		t.Error(got)
	}
	if d.calls.Len() != 1 {
		t.Error("the call was hung up")
	}
}

func TestBroadcastToACallThatRingsIsEarlyMedia(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(x *call.Exec) error { _, err := do(x, "ring"); return err }})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	c.Expect(180)
	id := h.calls.List()[0].ID
	if got := h.command("uuid_broadcast " + id + " tone:300/40ms"); got != "+OK Message sent\n" {
		t.Error(got)
	}
	c.Expect(183)
	h.until("the play", func() bool { return len(h.seen("rms:play_end")) == 1 })
	if got := h.command("uuid_answer " + id); got != "+OK\n" {
		t.Error(got)
	}
	c.Expect(200)
	c.Ack()
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestEveryVerbIsACommand(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{"rms:done": func(*call.Exec) error { return nil }})
	id := d.calls.List()[0].ID
	tests := []struct{ command, want string }{
		{"rms_play " + id + " menu.wav rms:done", "+OK\n"},
		{"rms_play " + id + " file=menu.wav loop=true mode=mix", "+OK\n"},
		{"rms_play " + id + " menu.wav 'rms:none'", "-ERR rms_play: the script has no event_route[\"rms:none\"]\n"},
		{"rms_play " + id + " menu.wav fil=x", "-ERR rms_play: unknown parameter \"fil\" (has: file, route, mode, loop)\n"},
		{"rms_play " + id + " file=a file=b", "-ERR rms_play: parameter \"file\" given twice\n"},
		{"rms_play " + id + " a file=b", "-ERR rms_play: parameter \"file\" given twice\n"},
		{"rms_play " + id, "-ERR rms_play: missing argument \"file\" (string): what to play\n"},
		{"rms_play " + id + " 'a", "-ERR rms_play: a quote ' is not closed\n"},
		{"rms_play", "-USAGE: rms_play <uuid> <file> [route] [mode] [loop]\n"},
		{"rms_play none menu.wav", "-ERR there is no such call\n"},
		{"rms_stop " + id, "+OK 2\n"},
		{"rms_set " + id + " list [1,\"b\",true]", "+OK\n"},
		{"rms_get " + id + " list", "+OK [1,\"b\",true]\n"},
		{"rms_set " + id + " name=text value='a b'", "+OK\n"},
		{"rms_get " + id + " text", "+OK a b\n"},
		{"rms_set " + id + " text '5'", "+OK\n"},
		{"uuid_getvar " + id + " text", "5"},
		{"rms_collect " + id + " max=4 terminators='' mask=true first_timeout=2", "+OK\n"},
		{"rms_collect_stop " + id, "+OK true\n"},
		{"rms_collect " + id + " max=many", "-ERR rms_collect: parameter \"max\": wants an integer, got the string \"many\"\n"},
		{"rms_streams " + id, "+OK []\n"},
		{"rms_dialogs_dump", "+OK 1\n"},
		{"rms_log 'a line' warn", "+OK\n"},
		{"rms_log " + id + " line", "+OK\n"},
		{"rms_api status", "-ERR rms_api Command not found!\n"},
		{"rms_dialog_check " + id, "+OK true\n"},
		{"rms_hangup " + id, "+OK\n"},
	}
	for _, tc := range tests {
		if got := d.command(tc.command); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.command, got, tc.want)
		}
	}
	for _, v := range call.Verbs() {
		if v.NoCall || strings.HasPrefix(v.Name, "test_") {
			continue
		}
		if got := d.command("rms_" + v.Name); !strings.HasPrefix(got, "-USAGE: rms_"+v.Name+" <uuid>") {
			t.Errorf("rms_%s: %q", v.Name, got)
		}
	}
	d.call.Reply(d.call.ExpectRequest("BYE"), 200, "", "")
	d.wait("rms:end")
}

func TestShowListsCallsAsTheOriginalDoes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *call.Options) {
		o.Version = "1.2.3"
		o.Reload = func() error { return errors.New("ivr.lua:3: unexpected symbol") }
	})
	if got := h.command("show calls"); got != "\n0 total.\n" {
		t.Errorf("%q", got)
	}
	if got := h.command("show calls as json"); got != "{\"row_count\":0}\n" {
		t.Errorf("%q", got)
	}
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:ack")
	id := h.calls.List()[0].ID
	for _, what := range []string{"calls", "channels"} {
		lines := strings.Split(h.command("show "+what), "\n")
		names, row := strings.Split(lines[0], ","), strings.Split(lines[1], ",")
		if len(lines) != 5 || lines[2] != "" || lines[3] != "1 total." || len(names) != len(row) || names[0] != "uuid" || row[0] != id {
			t.Errorf("%q", lines)
		}
		var table struct {
			Count int                 `json:"row_count"`
			Rows  []map[string]string `json:"rows"`
		}
		if err := json.Unmarshal([]byte(h.command("show "+what+" as json")), &table); err != nil {
			t.Fatal(err)
		}
		if table.Count != 1 || table.Rows[0]["uuid"] != id || table.Rows[0]["callstate"] != "ACTIVE" || len(table.Rows[0]) != len(names) {
			t.Errorf("%+v", table)
		}
	}
	status := regexp.MustCompile(`^UP 0 years, 0 days, 0 hours, 0 minutes, \d+ seconds?, \d+ milliseconds?, \d+ microseconds?\n` +
		`rms \(Version 1\.2\.3\) is ready\n1 session\(s\) since startup\n1 session\(s\) - peak 1, last 5min 1 \n$`)
	if got := h.command("status"); !status.MatchString(got) {
		t.Errorf("%q", got)
	}
	if got := h.command("version short"); got != "1.2.3\n" {
		t.Errorf("%q", got)
	}
	if got := h.command("reloadxml"); got != "-ERR ivr.lua:3: unexpected symbol\n" {
		t.Errorf("%q", got)
	}
	if got := h.command("create_uuid"); len(got) != 36 || got == h.command("create_uuid") {
		t.Errorf("%q", got)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestDumpIsTheChannelInWordsOfTheOriginal(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	id := d.calls.List()[0].ID
	d.command("uuid_setvar " + id + " queue sales")
	text := d.command("uuid_dump " + id)
	for _, line := range []string{
		"Unique-ID: " + id, "Answer-State: answered", "Channel-State: CS_EXECUTE", "Channel-Read-Codec-Name: PCMU",
		"Channel-Read-Codec-Rate: 8000", "variable_queue: sales", "variable_uuid: " + id, "Call-Direction: inbound",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(d.command("uuid_dump "+id+" json")), &fields); err != nil || fields["variable_queue"] != "sales" {
		t.Errorf("%v, %v", fields, err)
	}
}

func TestSplitWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		``:                              ``,
		`  a  b `:                       `a|b`,
		`'a b' "c d"`:                   `"a b"|"c d"`,
		`''`:                            `""`,
		`a\'b "x\"y" \\`:                `a'b|"x"y"|\`,
		`text='a b' x="c d"`:            `text=a b|x=c d`,
		`it's`:                          `it's`,
		`{"a":1}`:                       `{"a":1}`,
		`url=ws://h/?a=b sip:x@y;z=1`:   `url=ws://h/?a=b|sip:x@y;z=1`,
		`'text=x'`:                      `"text=x"`,
		"tab\tbed":                      `tab|bed`,
		`'a'b`:                          `"ab"`,
		`'open`:                         `error`,
		`metadata='{"who": "it\'s x"}'`: `metadata={"who": "it's x"}`,
	} {
		words, err := call.SplitWords(line)
		var got []string
		for _, w := range words {
			if w.Quoted {
				got = append(got, `"`+w.Text+`"`)
			} else {
				got = append(got, w.Text)
			}
		}
		text := strings.Join(got, "|")
		if err != nil {
			text = "error"
		}
		if text != want {
			t.Errorf("%s: %s, want %s", line, text, want)
		}
	}
}

// FuzzCommand checks that no command brings the server down and that each has a reply.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{
		"uuid_kill x", "rms_play x a=b", "rms_log 'a", "show calls as json", "uuid_setvar a b c", "rms_log \\", "rms_", "rms_log text={\"a\":[1]}",
		"uuid_broadcast x 'a b' both", "uuid_audio_stream x start ws://h", "uuid_rst a b", "status", "\x00", "rms_audiosocket_expect x ttl=1e999",
	} {
		f.Add(s)
	}
	m := bare(f)
	f.Fuzz(func(t *testing.T, command string) {
		x, err := m.Door("", call.FromAPI)
		if err != nil {
			t.Fatal(err)
		}
		if reply := x.API(command); reply == "" {
			t.Errorf("%q has no reply", command)
		}
	})
}
