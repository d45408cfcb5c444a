package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rms/cmd/rms/sink"
	"rms/media/audiotest"
	"rms/media/wav"
)

// events reads the lines of --json.
func events(t *testing.T, text string) []sink.Event {
	t.Helper()
	var all []sink.Event
	for line := range strings.Lines(text) {
		var e sink.Event
		if !strings.HasSuffix(line, "\n") {
			break // being written
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

// until polls what a command has printed.
func until(t *testing.T, out func() string, is func([]sink.Event) bool) []sink.Event {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if all := events(t, out()); is(all) {
			return all
		}
	}
	t.Fatalf("it did not happen: %s", out())
	return nil
}

func stream(t *testing.T, url string, pcm []int16) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(pcm, 160) {
		b := make([]byte, 0, 320)
		for _, s := range part {
			b = append(b, byte(s), byte(uint16(s)>>8))
		}
		if err := c.Write(ctx, websocket.MessageBinary, b); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func recorded(t *testing.T, name string) []int16 {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := wav.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 1<<20)
	n, _ := r.ReadSamples(pcm)
	return pcm[:n]
}

func TestSinkEndsFilesAndPrintsASummaryWhenInterrupted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	var out, errs output
	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"sink", "ws", "--listen", "127.0.0.1:0", "--dir", dir, "--json"}, &out, &errs)
	}()
	url := until(t, out.String, func(e []sink.Event) bool { return len(e) == 1 })[0].Address
	tone := audiotest.Tone(8000, 440, -10, 500*time.Millisecond)
	c := stream(t, url+"a?rate=8000&mix=mono", tone)
	defer c.CloseNow() //nolint:errcheck // closed by the sink
	name := filepath.Join(dir, "a.wav")
	until(t, out.String, func([]sink.Event) bool { _, err := os.Stat(name); return err == nil })
	ping, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	gone := c.CloseRead(ping)
	if err := c.Ping(ping); err != nil { // all audio has been read
		t.Fatal(err)
	}
	interrupt()
	<-gone.Done()
	if code := <-done; code != exitOK || errs.String() != "" {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
	all := events(t, out.String())
	kinds := make([]string, 0, len(all))
	for _, e := range all {
		kinds = append(kinds, e.Event)
	}
	if want := []string{"listen", "start", "stop", "summary"}; !slices.Equal(kinds, want) {
		t.Fatalf("%v, want %v", kinds, want)
	}
	if stop, sum := all[2], all[3]; stop.Frames != 25 || stop.Bytes != 8000 || stop.Cause != "local" || stop.Code != 1000 || sum.Streams != 1 || sum.AudioSeconds != 0.5 {
		t.Errorf("%+v, %+v", stop.Totals, sum.Totals)
	}
	if !slices.Equal(recorded(t, name), tone) {
		t.Error("the file is not what was sent")
	}
}

// sinkChild makes the test binary be the program, so that it can be killed.
const sinkChild = "RMS_TEST_SINK"

func TestSinkAsAProcess(t *testing.T) {
	dir := os.Getenv(sinkChild)
	if dir == "" {
		t.Skip("is for TestSinkThatIsKilledLeavesValidFiles")
	}
	run(t.Context(), []string{"sink", "ws", "--listen", "127.0.0.1:0", "--dir", dir, "--json"}, os.Stdout, os.Stderr)
}

func TestSinkThatIsKilledLeavesValidFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestSinkAsAProcess$")
	cmd.Env = append(os.Environ(), sinkChild+"="+dir)
	var out output
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() //nolint:errcheck // killed already
	url := until(t, out.String, func(e []sink.Event) bool { return len(e) == 1 })[0].Address
	tone := audiotest.Tone(8000, 440, -10, 5500*time.Millisecond)
	c := stream(t, url+"k?rate=8000&mix=mono", tone)
	defer c.CloseNow() //nolint:errcheck // the far end is dead
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c.CloseRead(ctx)
	if err := c.Ping(ctx); err != nil { // all audio has been read
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	pcm := recorded(t, filepath.Join(dir, "k.wav"))
	if len(pcm) < len(tone)-8000 || !slices.Equal(pcm, tone[:len(pcm)]) {
		t.Errorf("%d samples of %d are playable, want all but a second", len(pcm), len(tone))
	}
}

func TestSinkRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	config := file(t, "udp_server.conf", "udp_prot=9527\n")
	for want, args := range map[string]string{
		"Give one of rst":       "",
		"which sink":            "ws rst",
		"no sink is called":     "udp",
		"--raw is for rms sink": "ws --raw",
		"--rate is for":         "rst --rate 8000",
		"--dialect is for":      "rst --dialect fork",
		"RST carries audio one": "rst --echo",
		"no key is called":      "rst --config " + config,
		"no duration":           "ws --mark soon",
		"--ports":               "rst --ports 1",
		"dialect":               "audiosocket --dialect x",
		"use raw, pcmu":         "ws --play x.wav --stream-audio=opus",
	} {
		code, _, errs := rms(t, append([]string{"sink"}, strings.Fields(args)...)...)
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, %q, want %q", args, code, errs, want)
		}
	}
}

func TestSinkReadsTheConfigOfUDPServerBehindItsFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := file(t, "udp_server.conf", "save_dir="+dir+"\nudp_port=127.0.0.1:1\nsave_rule=caller_callee_uuid.pcm\ncdr_dir="+filepath.Join(dir, "cdr")+"\n")
	var out output
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"sink", "rst", "--config", config, "--listen", "127.0.0.1:0", "--json"}, &out, &out)
	}()
	address := strings.TrimPrefix(until(t, out.String, func(e []sink.Event) bool { return len(e) == 1 })[0].Address, "rst://")
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const id = "478525a8-8263-4550-b18c-d027d11c9865"
	for _, text := range []string{"INV :" + id + ":1:2", "DATA:" + id + ":R:00:3:abc", "BYE :" + id} {
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	until(t, out.String, func(e []sink.Event) bool { return len(e) == 3 && e[2].Event == "stop" })
	if b, err := os.ReadFile(filepath.Join(dir, "1_2_"+id+"-R.pcm")); string(b) != "abc" {
		t.Errorf("%q, %v", b, err)
	}
	if records, _ := filepath.Glob(filepath.Join(dir, "cdr", "*.log")); len(records) != 1 {
		t.Errorf("records: %v", records)
	}
	interrupt()
	if code := <-done; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestHelpOfSinkTeachesWithExamples(t *testing.T) {
	t.Parallel()
	code, out, _ := rms(t, "help", "sink")
	for _, want := range []string{"rms sink ws ", "rms sink audiosocket ", "rms sink rst ", "rms_stream_start{", "--stall-for", "p99_gap_ms"} {
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("the help lacks %q", want)
		}
	}
	for line := range strings.Lines(out) {
		if len(line) > 121 {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}
