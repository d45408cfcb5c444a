//go:build linux

package interop_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// peer is a server of somebody else, run by node from the folder npm. It says what it
// sees in lines of JSON, and takes commands in lines of JSON.
type peer struct {
	*process
	t    *testing.T
	in   io.Writer
	port string
	dir  string
}

// sighting is one line of a peer; only the fields of its event are set.
type sighting struct {
	Event string  `json:"event"`
	At    float64 `json:"at"` // ms of the wall clock
	Port  int     `json:"port"`
	ID    int     `json:"id"`

	Path       string            `json:"path"`
	Headers    map[string]string `json:"headers"`
	Protocol   string            `json:"protocol"`
	Extensions string            `json:"extensions"`
	Response   map[string]any    `json:"response"` // parameters of permessage-deflate
	TLS        string            `json:"tls"`
	Client     string            `json:"client"` // common name of the client's certificate
	UUID       string            `json:"uuid"`
	Status     int               `json:"status"`

	Kind  string `json:"kind"`
	Text  string `json:"text"`
	Data  string `json:"data"`
	Error string `json:"error"`
	Do    string `json:"do"`

	Code   int                `json:"code"`
	Reason string             `json:"reason"`
	Texts  int                `json:"texts"`
	Last   string             `json:"last"` // kind of the last message
	Frames int                `json:"frames"`
	Bytes  int                `json:"bytes"`
	Wire   int                `json:"wire"` // bytes of TCP payload
	Sizes  map[string]int     `json:"sizes"`
	First  float64            `json:"first"` // when the first audio came
	Gaps   map[string]float64 `json:"gaps"`
	Late   float64            `json:"late"` // ms by which one in ten of the peer's timers is late
	File   string             `json:"file"`
}

// needPeers skips a test when node or its packages are not there.
func needPeers(t *testing.T) {
	t.Helper()
	need(t, "node", "sox")
	if _, err := os.Stat("npm/node_modules/ws"); err == nil {
		return
	}
	const text = "the npm package ws is not installed: run npm ci --ignore-scripts in cmd/rms/interop/npm"
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip(text)
}

// startPeer runs one of npm/*.js and waits until it listens.
func startPeer(t *testing.T, script string, args ...string) *peer {
	t.Helper()
	needPeers(t)
	path, err := filepath.Abs(filepath.Join("npm", script))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &peer{t: t, dir: dir}
	p.process = startFed(t, dir, &p.in, "node", append([]string{path, "--dir", dir}, args...)...)
	s := p.see(1, "listening", nil)
	p.port = portOf(s)
	return p
}

func portOf(s sighting) string {
	b, _ := json.Marshal(s.Port)
	return string(b)
}

// startFed is start, with a way to write to the program.
func startFed(t *testing.T, dir string, in *io.Writer, name string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(name, args...), done: make(chan struct{})}
	pipe, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	*in = pipe
	p.run(t, dir)
	return p
}

// do gives the peer a command: {"do": "close", "code": 1001}.
func (p *peer) do(command map[string]any) {
	p.t.Helper()
	line, err := json.Marshal(command)
	if err == nil {
		_, err = p.in.Write(append(line, '\n'))
	}
	if err != nil {
		p.t.Fatalf("%s: command %v: %v", p.name, command, err)
	}
}

// sightings returns the events of one name that match, as far as they have come.
func (p *peer) sightings(event string, match func(sighting) bool) []sighting {
	var out []sighting
	for line := range strings.Lines(p.output()) {
		var s sighting
		if !strings.HasPrefix(line, `{"event":`) || json.Unmarshal([]byte(line), &s) != nil {
			continue
		}
		if s.Event == event && (match == nil || match(s)) {
			out = append(out, s)
		}
	}
	return out
}

// see waits for the n-th event of one name that matches.
func (p *peer) see(n int, event string, match func(sighting) bool) sighting {
	p.t.Helper()
	var found []sighting
	ok := soon(30*time.Second, func() bool {
		found = p.sightings(event, match)
		return len(found) >= n
	})
	if !ok {
		p.t.Fatalf("waited for %q number %d of the peer, it said\n%s", event, n, p.tail(3000))
	}
	return found[n-1]
}

// end waits until the peer reports the end of its n-th connection.
func (p *peer) end(n int) sighting {
	p.t.Helper()
	return p.see(1, "close", func(s sighting) bool { return s.ID == n })
}

// audio reads what a connection brought, without its header, as far as it is written.
func (s sighting) audio(t *testing.T) []int16 {
	t.Helper()
	raw, err := os.ReadFile(s.File)
	if err != nil {
		t.Fatal(err)
	}
	return samples(raw)
}

// lasted is how long audio came, seen from the peer.
func (s sighting) lasted() time.Duration {
	return time.Duration((s.At - s.First) * float64(time.Millisecond))
}
