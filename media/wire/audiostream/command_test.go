package audiostream_test

import (
	"strings"
	"testing"

	"rms/media/wire/audiostream"
)

const uuid = "478525a8-8263-4550-b18c-d027d11c9865"

func TestUsageIsTheOriginals147Bytes(t *testing.T) {
	t.Parallel()
	if n := len(audiostream.Usage); n != 147 || !strings.HasPrefix(audiostream.Usage, "-USAGE: <uuid> [start | stop |") {
		t.Errorf("%d bytes: %q", n, audiostream.Usage)
	}
}

func TestCommandReplies(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("m", audiostream.MaxMetadata)
	for _, c := range []struct{ name, args, reply string }{
		{"ok", uuid + " start ws://h/ mono", ""},
		{"ok with all six", uuid + ` start ws://h/ stereo 16k {"a": 1} b c`, ""},
		{"nothing", "", audiostream.Usage},
		{"blanks", "    ", audiostream.Usage},
		{"one argument", uuid, audiostream.Usage},
		{"start with two", uuid + " start", audiostream.Usage},
		{"start with three", uuid + " start ws://h/", audiostream.Usage},
		{"verb in any case", uuid + " StArT ws://h/ mono", ""},
		{"bad URL", uuid + " start http://h/ mono", audiostream.Failed},
		{"rate no multiple of 8000", uuid + " start ws://h/ mono 11025", audiostream.Failed},
		{"rate 0", uuid + " start ws://h/ mono 0", audiostream.Failed},
		{"rate text", uuid + " start ws://h/ mono abc", audiostream.Failed},
		{"unknown verb", uuid + " dance", audiostream.Failed},
		{"bad mix type", uuid + " start ws://h/ quadro", audiostream.NoReply},
		{"mix type in capitals", uuid + " start ws://h/ MONO", audiostream.NoReply},
		{"bad mix type and bad URL", uuid + " start ftp://h/ quadro", audiostream.NoReply},
		{"send_text without text", uuid + " send_text", audiostream.NoReply},
		{"send_text of blanks", uuid + " send_text   ", audiostream.NoReply},
		{"send_text not UTF-8", uuid + " send_text a\xff", audiostream.NoReply},
		{"stop not UTF-8", uuid + " stop a\xff", audiostream.NoReply},
		{"metadata not UTF-8", uuid + " start ws://h/ mono 8k a\xff", audiostream.NoReply},
		{"metadata overlong UTF-8", uuid + " start ws://h/ mono 8k \xc0\xaf", audiostream.NoReply},
		{"metadata surrogate", uuid + " start ws://h/ mono 8k \xed\xa0\x80", audiostream.NoReply},
		{"metadata at the limit", uuid + " start ws://h/ mono 8k " + long, ""},
		{"metadata over the limit", uuid + " start ws://h/ mono 8k " + long + "m", audiostream.Failed},
		{"stop", uuid + " stop", ""},
		{"pause", uuid + " pause", ""},
		{"resume", uuid + " resume", ""},
		{"graceful-shutdown", uuid + " graceful-shutdown", ""},
		{"a megabyte", uuid + " send_text " + strings.Repeat("a", 1<<20), audiostream.Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, r := audiostream.ParseCommand(c.args)
			if r.Text != c.reply || r.Refused() != (c.reply != "") || r.Refused() == (r.Why == "") {
				t.Errorf("%q, want %q", r, c.reply)
			}
		})
	}
}

func TestStartHasItsArguments(t *testing.T) {
	t.Parallel()
	c, r := audiostream.ParseCommand(uuid + `  Start   wss://bot.example:8443/in?x=1  stereo 24000  {"hello":"meta data  with spaces"} `)
	if r.Refused() {
		t.Fatal(r)
	}
	if c.UUID != uuid || c.Verb != audiostream.Start || c.URL.String() != "wss://bot.example:8443/in?x=1" || c.Mix != "stereo" ||
		c.Rate != 24000 || c.Text != `{"hello":"meta data  with spaces"}` {
		t.Errorf("%+v", c)
	}
}

func TestStartWithoutARateIs8000(t *testing.T) {
	t.Parallel()
	if c, r := audiostream.ParseCommand(uuid + " start ws://h/ mono"); r.Refused() || c.Rate != 8000 || c.Text != "" {
		t.Errorf("%+v, %v", c, r)
	}
}

func TestTextsKeepTheirBlanks(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"send_text two words":     "two words",
		"send_text two  words  ":  "two  words",
		"stop bye bye now":        "bye bye now",
		"stop":                    "",
		"stop 'by  e '":           "by  e ",
		`send_text {"dtmf":"5"}`:  `{"dtmf":"5"}`,
		`send_text a\nb\\c\"d\qe`: "a\nb\\c\"d\\qe",
		`send_text it's`:          "it's",
		`send_text it\'s 'b c'`:   "it's b c",
	} {
		if c, r := audiostream.ParseCommand(uuid + " " + args); r.Refused() || c.Text != want {
			t.Errorf("%s: %q, want %q (%v)", args, c.Text, want, r)
		}
	}
}

func TestQuotesAndBackslashesGroup(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		`'` + uuid + `' start 'ws://h/' 'mono' '8k' '{"a b":1}'`: `{"a b":1}`,
		uuid + ` start ws://h/ mono 8k 'a' b`:                    "a b",
		uuid + ` start ws://h/ mono 8k a\sb`:                     "a b",
		uuid + ` start ws://h/ mono 8k a\`:                       `a\`,
		uuid + ` start ws://h/ mono 8k {\"a\":1}`:                `{"a":1}`,
	} {
		if c, r := audiostream.ParseCommand(args); r.Refused() || c.Text != want || c.UUID != uuid {
			t.Errorf("%s: %+v, want %q (%v)", args, c, want, r)
		}
	}
	// A backslash keeps the blank after it in the argument, and itself, as it has no meaning there.
	if c, r := audiostream.ParseCommand(uuid + ` start ws://h/ mono\ 8k`); r.Text != audiostream.NoReply || c.Mix != `mono\ 8k` {
		t.Errorf("%+v %v", c, r)
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{
		"8k": 8000, "16k": 16000, "16K": 16000, "8000": 8000, "16000": 16000, "24000": 24000, "32000": 32000, "40000": 40000, "48000": 48000, "48k": 48000,
		"": 0, "0": 0, "abc": 0, "8": 0, "44100": 0, "56000": 0, "-8000": 0, "8kk": 0, "k": 0, "+8000": 0, "8 k": 0, "16kHz": 0, "8000k": 0,
		"99999999999999999999": 0,
	} {
		n, err := audiostream.ParseRate(s)
		if n != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v, want %d", s, n, err, want)
		}
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"ws://127.0.0.73:7788/mono8": true, "wss://a-b.example": true, "WS://h/": true, "wSs://h:443/?a=b": true,
		"ws://[::1]:8080/x": true, "ws://under_score/": true, "ws://h/" + strings.Repeat("p", 4089): true,
		"ws://h/" + strings.Repeat("p", 4090): false,
		"http://h/":                           false, "https://h/": false, "h/": false, "": false, "ws:h": false, "ws:///p": false, "ws://": false,
		"ws://u@h/": false, "ws://u:p@h/": false, "ws://h:/": false, "ws://h:x/": false, "ws://h:0/": false, "ws://h:65536/": false,
		"ws://h:80:80/": false, "ws://a b/": false, "ws://h/a b": false, "ws://h/\x00": false, "ws://h/\r\nX: y": false, "ws://hä/": false,
		"ws://h%41/": false, "ws://h;x/": false, "ws://[::1/": false, "ws://[fe80::1%25eth0]/": false, "ws://[h]/": false,
		"ws://" + strings.Repeat("h", 254) + "/": false,
	} {
		u, err := audiostream.CheckURL(s)
		if (err == nil) != want || want && (u.Scheme != "ws" && u.Scheme != "wss") {
			t.Errorf("%.60q: %v, want %v", s, err, want)
		}
	}
}

func TestForkTakesHTTPForWebsockets(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"http://h/": "ws", "https://h/": "wss", "ws://h/": "ws", "wss://h/": "wss"} {
		if u, err := audiostream.CheckForkURL(s); err != nil || u.Scheme != want {
			t.Errorf("%s: %v, %v", s, u, err)
		}
	}
	if _, err := audiostream.CheckForkURL("ftp://h/"); err == nil {
		t.Error("ftp was taken")
	}
}

func TestForkCommands(t *testing.T) {
	t.Parallel()
	type command struct {
		verb, name, text string
		rate             int
		play, raw        bool
		playRate         int
	}
	for args, want := range map[string]command{
		"start http://h/ mono 8k":                                 {verb: "start", rate: 8000},
		"start http://h/ mono 16k bug":                            {verb: "start", name: "bug", rate: 16000},
		`start http://h/ mono 16k {"a": 1}`:                       {verb: "start", text: `{"a": 1}`, rate: 16000},
		`start ws://h/ mono 16k '{"a": 1}'`:                       {verb: "start", text: `{"a": 1}`, rate: 16000},
		`start ws://h/ mono 16k bug {"a":  1} `:                   {verb: "start", name: "bug", text: `{"a":  1}`, rate: 16000},
		`start ws://h/ mono 8k bug '{"a": 1}' true true 24000`:    {"start", "bug", `{"a": 1}`, 8000, true, true, 24000},
		`start ws://h/ mono 8k bug {} true false 8000`:            {"start", "bug", `{}`, 8000, true, false, 8000},
		`start ws://h/ mono 8k bug {"a": "b c"} false false 8000`: {"start", "bug", `{"a": "b c"}`, 8000, false, false, 8000},
		`start ws://h/ mono 8k bug one two three four five six`:   {verb: "start", name: "bug", text: "one two three four five six", rate: 8000},
		`start ws://h/ mono 8k bug true true 8000`:                {verb: "start", name: "bug", text: "true true 8000", rate: 8000},
		"stop":                    {verb: "stop"},
		"stop bug":                {verb: "stop", name: "bug"},
		`stop {"bye": 1}`:         {verb: "stop", text: `{"bye": 1}`},
		`stop [1, 2]`:             {verb: "stop", text: `[1, 2]`},
		`stop bug good bye`:       {verb: "stop", name: "bug", text: "good bye"},
		`send_text {"a": 1}`:      {verb: "send_text", text: `{"a": 1}`},
		`send_text '{"a": 1}'`:    {verb: "send_text", text: `{"a": 1}`},
		`send_text bug {"a": 1}`:  {verb: "send_text", name: "bug", text: `{"a": 1}`},
		`send_text bug two words`: {verb: "send_text", name: "bug", text: "two words"},
		"pause":                   {verb: "pause"},
		"resume bug":              {verb: "resume", name: "bug"},
		"graceful-shutdown bug":   {verb: "graceful-shutdown", name: "bug"},
		"stop_play bug":           {verb: "stop_play", name: "bug"},
	} {
		c, r := audiostream.ParseFork(uuid + " " + args)
		got := command{c.Verb, c.Name, c.Text, c.Rate, c.Play, c.Raw, c.PlayRate}
		if r.Refused() || got != want || c.UUID != uuid {
			t.Errorf("%s: %+v, want %+v (%v)", args, got, want, r)
		}
	}
}

func TestForkReplies(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"":                                   audiostream.Usage,
		uuid:                                 audiostream.Usage,
		uuid + " start ws://h/":              audiostream.Usage,
		uuid + " start ws://h/ quadro 8k":    audiostream.NoReply,
		uuid + " start ws://h/ mono 11025":   audiostream.Failed,
		uuid + " start gopher://h/ mono 8k":  audiostream.Failed,
		uuid + " send_text":                  audiostream.NoReply,
		uuid + " send_text word":             audiostream.NoReply,
		uuid + " dance":                      audiostream.Failed,
		uuid + " send_text bug a\xff":        audiostream.NoReply,
		uuid + " start ws://h/ mono 8k \xff": "",
	} {
		if _, r := audiostream.ParseFork(args); r.Text != want {
			t.Errorf("%q: %q, want %q", args, r, want)
		}
	}
}

func TestRSTCommands(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		uuid + " 127.0.0.1 9527": "127.0.0.1:9527", uuid + " ::1 1": "[::1]:1", uuid + " rec.example 65535": "rec.example:65535",
		"": "", uuid: "", uuid + " 127.0.0.1": "", uuid + " 127.0.0.1 0": "", uuid + " 127.0.0.1 65536": "", uuid + " 127.0.0.1 x": "",
		uuid + " 127.0.0.1 1 2": "", uuid + " a/b 1": "", uuid + " '' 1": "",
	} {
		id, address, r := audiostream.ParseRST(args)
		if address != want || want != "" && id != uuid || (want == "") != (r.Text == audiostream.RSTFailed) {
			t.Errorf("%q: %q %q %v, want %q", args, id, address, r, want)
		}
	}
	if id, r := audiostream.ParseRSTStop(" " + uuid + " "); id != uuid || r.Refused() {
		t.Errorf("%q %v", id, r)
	}
	for _, args := range []string{"", "a b"} {
		if _, r := audiostream.ParseRSTStop(args); r.Text != audiostream.RSTUsage {
			t.Errorf("%q: %v", args, r)
		}
	}
	if audiostream.RSTOK != "-ERR no reply\n" || audiostream.RSTFailed != "create session fail" {
		t.Error("the replies of mod_rst differ")
	}
}
