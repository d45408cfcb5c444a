//go:build linux

package interop_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// caller is one SIPp call: a scenario of testdata/sipp, what it dials and where its
// SDP points.
type caller struct {
	scenario string
	user     string
	via      string // address that SIPp sends to; Kamailio when empty
	ear      *ear
	formats  string // payload types of the m-line; "0" when empty
	rtpmap   string
	keys     map[string]string
	listen   time.Duration // pause of hangup.xml
	limit    time.Duration // 60 s when 0
	tcp      bool
	sockets  bool   // a socket per call, which setdest needs
	local    string // address of SIPp itself; sippAddr when empty
}

// message is one SIP message that SIPp sent or received.
type message struct {
	received bool
	text     string
}

var sippPort atomic.Int32

// placed is a SIPp call in progress.
type placed struct {
	*process
	caller
	trace string
}

// place starts SIPp.
func (c caller) place(t *testing.T) *placed {
	t.Helper()
	return c.placeIn(t, t.TempDir())
}

// placeIn starts SIPp in a folder, where it finds what its scenario names.
func (c caller) placeIn(t *testing.T, dir string) *placed {
	t.Helper()
	need(t, "sipp")
	p := &placed{caller: c, trace: filepath.Join(dir, "messages.log")}
	p.process = start(t, dir, "sipp", c.args(p.trace)...)
	return p
}

// end waits for SIPp and returns its messages. It fails the test when the scenario did.
func (p *placed) end(t *testing.T) []message {
	t.Helper()
	limit := p.limit
	if limit == 0 {
		limit = 60 * time.Second
	}
	if !p.wait(limit) {
		t.Errorf("%s: SIPp still runs after %v", p.scenario, limit)
		p.stop(t, 30*time.Second)
	}
	data, err := os.ReadFile(p.trace)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if exit, failed := errors.AsType[*exec.ExitError](p.err); failed {
		t.Errorf("%s: SIPp ended with status %d; its messages:\n%s", p.scenario, exit.ExitCode(), data)
	}
	return messages(string(data))
}

// call places a call and waits for its end.
func (c caller) call(t *testing.T) []message {
	t.Helper()
	return c.place(t).end(t)
}

func (c caller) args(trace string) []string {
	port := 5080 + int(sippPort.Add(1))
	if c.local == "" {
		c.local = sippAddr
	}
	args := []string{
		"-sf", filepath.Join(root, "testdata/sipp", c.scenario+".xml"), "-i", c.local, "-p", strconv.Itoa(port),
		"-s", c.user, "-m", "1", "-nostdin", "-trace_msg", "-message_file", trace, "-trace_err", "-max_socket", "100",
	}
	if c.listen > 0 {
		args = append(args, "-d", strconv.FormatInt(c.listen.Milliseconds(), 10))
	}
	if c.tcp {
		args = append(args, "-t", "t1")
	}
	if c.sockets {
		args = append(args, "-t", "un")
	}
	keys := map[string]string{"formats": "0", "rtpmap": "a=x", "ear_ip": earAddr, "ear_port": "9"}
	if c.ear != nil {
		keys["ear_ip"], keys["ear_port"] = c.ear.ip, strconv.Itoa(c.ear.port)
	}
	if c.formats != "" {
		keys["formats"] = c.formats
	}
	if c.rtpmap != "" {
		keys["rtpmap"] = c.rtpmap
	}
	maps.Copy(keys, c.keys)
	for k, v := range keys {
		args = append(args, "-key", k, v)
	}
	if c.via == "" {
		c.via = kamailioAddr
	}
	return append(args, c.via)
}

var sippHeading = regexp.MustCompile(`(?m)^-{20,} .*\n\w+ message (sent|received) [\[(]\d+\]? ?bytes\)? ?:\s*\n\n`)

// messages reads SIPp's trace.
func messages(trace string) []message {
	var list []message
	heads := sippHeading.FindAllStringSubmatchIndex(trace, -1)
	for i, h := range heads {
		end := len(trace)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		list = append(list, message{trace[h[2]:h[3]] == "received", strings.ReplaceAll(trace[h[1]:end], "\r", "")})
	}
	return list
}

// find returns the first received message that starts so.
func find(t *testing.T, list []message, prefix string) message {
	t.Helper()
	for _, m := range list {
		if m.received && strings.HasPrefix(m.text, prefix) {
			return m
		}
	}
	t.Fatalf("no message %q among the %d that SIPp traced", prefix, len(list))
	return message{}
}

// header returns the first header field of that name.
func (m message) header(name string) string {
	for line := range strings.SplitSeq(m.text, "\n") {
		field, value, ok := strings.Cut(line, ":")
		if ok && strings.EqualFold(strings.TrimSpace(field), name) {
			return strings.TrimSpace(value)
		}
		if line == "" {
			break
		}
	}
	return ""
}

func (m message) String() string { return fmt.Sprintf("received %v:\n%s", m.received, m.text) }
