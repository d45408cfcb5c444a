package load

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Print writes the result as a table for people.
func (r Result) Print(w io.Writer) error {
	t := &table{}
	way := "one way"
	if r.TwoWay {
		way = "two way"
	}
	t.line("rms load", "%d calls to %s over %s, %s %s, %g calls/s, all up for %.1f s", r.Calls, r.Target, r.Transport, r.Codec, way, r.Rate, r.Seconds)
	t.line("", "")
	r.printCalls(t)
	r.printMedia(t)
	r.Streams.print(t)
	r.Recordings.print(t)
	r.Doors.print(t)
	t.line("idle", "a timer on this machine just before: %s late", r.Idle)
	for _, p := range r.Processes {
		p.print(t)
	}
	r.Machine.print(t)
	for _, hint := range r.hints() {
		t.line("note", "%s", hint)
	}
	_, err := io.WriteString(w, t.String())
	return err
}

type table struct{ strings.Builder }

func (t *table) line(name, format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	t.WriteString(strings.TrimRight(fmt.Sprintf("%-13s%s", name, text), " "))
	t.WriteByte('\n')
}

// String writes the usual four figures of a distribution.
func (s Spread) String() string {
	if s.Count == 0 {
		return "none measured"
	}
	return fmt.Sprintf("p50 %s  p99 %s  p99.9 %s  max %s ms", short(s.P50), short(s.P99), short(s.P999), short(s.Max))
}

func short(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// grouped writes 1234567 as 1,234,567.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func percent(part, whole uint64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(whole))
}

func (r Result) printCalls(t *table) {
	t.line("calls", "%d placed, %d answered, %d failed", r.Placed, r.Answered, r.Failed)
	codes := make([]int, 0, len(r.Codes))
	for code := range r.Codes {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range codes {
		t.line("", "%s x %d", codeText(code), r.Codes[code])
	}
	if r.EndedByPeer+r.NoMedia+r.Unanswered+r.Repeated+r.Reanswered > 0 {
		t.line("", "%d hung up by the server, %d without media in the answer, %d BYEs unanswered, %d requests and %d answers repeated",
			r.EndedByPeer, r.NoMedia, r.Unanswered, r.Repeated, r.Reanswered)
	}
	t.line("set-up", "%s (INVITE to 200)", r.Setup)
	t.line("first packet", "%s (after the 200)", r.FirstPacket)
}

func codeText(code int) string {
	names := map[int]string{
		0: "not sent", 200: "200 OK", 401: "401 Unauthorized", 403: "403 Forbidden", 404: "404 Not Found",
		407: "407 Proxy Authentication Required", 408: "408 no final answer", 480: "480 Temporarily Unavailable",
		483: "483 Too Many Hops", 486: "486 Busy Here", 487: "487 Request Terminated", 488: "488 Not Acceptable Here",
		500: "500 Server Internal Error", 503: "503 Service Unavailable", 603: "603 Decline",
	}
	if name := names[code]; name != "" {
		return name
	}
	return strconv.Itoa(code)
}

func (r Result) printMedia(t *table) {
	p := r.Packets
	t.line("packets", "%s expected, %s received (%s) while all calls stood", grouped(p.Expected), grouped(p.InWindow), percent(p.InWindow, p.Expected))
	t.line("", "in all %s: %s lost, %s duplicate, %s out of order, %s restarts, %s other payload, %s not RTP",
		grouped(p.Received), grouped(p.Lost), grouped(p.Duplicates), grouped(p.Reordered), grouped(p.Restarts), grouped(p.Other), grouped(p.Bad))
	t.line("", "%d calls with packets, %d with sound", p.Streams, p.Heard)
	t.line("deviation", "%s (inter-arrival from ptime, %s gaps)", r.Deviation, grouped(r.Deviation.Count))
	t.line("", "%s while calls were placed", r.Outside)
	t.line("late", "%s packets more than 20 ms behind their call's time line", grouped(r.Late))
	if r.TwoWay {
		t.line("sent", "%s packets; this tool's own timer: %s late, %d steps skipped", grouped(p.Sent), *r.Machine.SenderLate, r.Machine.SendSkipped)
	}
}

func (p Process) print(t *table) {
	name := fmt.Sprintf("pid %d", p.PID)
	if p.Gone {
		t.line(name, "ended during the run")
		return
	}
	t.line(name, "%s: %.3f mcore per call (%.3f cores in all, idle %.1f mcore), %.2f ms CPU per set-up", p.Name, p.PerCall, p.Cores, p.IdleMcore, p.SetUpMs)
	t.line("", "%.1f kB RSS per call (%s kB before, %s kB during), %d threads", p.RSSPerCall, grouped(uint64(p.RSSBefore)), grouped(uint64(p.RSSDuring)), p.Threads)
}

func (m Machine) print(t *table) {
	t.line("machine", "%d cores %.0f %% busy, steal %.1f %%, load average %.2f, this tool %.3f cores", m.Cores, m.Busy, m.Steal, m.LoadAverage, m.ToolCores)
}

// hints teach what to look at for the failures that were seen.
func (r Result) hints() []string {
	var out []string
	say := func(when bool, text string) {
		if when {
			out = append(out, text)
		}
	}
	say(r.Interrupted, "interrupted: the figures are of the part that ran")
	say(r.Problem != "", r.Problem)
	say(r.Codes[408] > 0, "408: no final answer in time. Is the port right, does a firewall drop it, or is the server over its limit? Try fewer calls a second (--rate)")
	say(r.Codes[503] > 0, "503: the server refuses new calls. rms: raise sip.new_calls_per_second, sip.per_source, sip.max_calls or add this address to sip.trusted; its log names the key")
	say(r.Codes[404]+r.Codes[480] > 0, "404/480: nobody is at that address. rms answers sip:loop@HOST, sip:tone@HOST and sip:echo@HOST with its embedded script")
	say(r.Codes[488] > 0, "488: the server has no such codec. Try --codec PCMU or PCMA")
	say(r.Codes[401]+r.Codes[407] > 0, "401/407: the server wants a password; let it accept this address without one")
	say(r.Codes[486] > 0, "486: busy; the server's limit of calls may be reached")
	say(r.EndedByPeer > 0, "the server hung up first: call something that plays on, such as sip:loop@HOST, or use a shorter --for")
	say(r.Answered > 0 && r.Packets.Received == 0, "answered, but not one RTP packet came: check the address in the server's SDP (rtp.advertise), firewall and route")
	say(r.Packets.Received > 0 && r.Packets.Heard < r.Answered, "some calls brought only silence or nothing")
	say(r.Packets.Refused > 0, fmt.Sprintf("%d packets were dropped by this tool's own buffers, not by the server: use a shorter --wheel or a quieter machine", r.Packets.Refused))
	say(slices.ContainsFunc(r.Processes, func(p Process) bool { return !p.Gone && p.RSSPerCall < 0 }),
		"RSS per call is below 0: the server still held memory of earlier calls; start it afresh to measure memory")
	say(r.Machine.Steal > 2, "the hypervisor took CPU away during the run: take the median of several")
	say(r.Idle.P99 > 2, "this machine is not quiet: even a bare timer is late, so the server's figures are upper limits")
	return out
}
