//go:build linux

package interop_test

import (
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"rms/media/codec"
	"rms/media/record/ledger"
)

// placed pulses: where each was in truth, and where it is in the file.
type fix struct {
	truth float64 // s since the call began
	off   float64 // s: how far behind it lies in the file, whose beginning the sidecar tells
}

// alignment is where the pulses of a call lie in its recording.
type alignment struct {
	caller, callee []fix
	missing        int // pulses that were spoken whole, and are not in the file
}

// align compares a stereo recording with what its talker said and heard.
func align(t *testing.T, k *talker, left, right []int16, told *ledger.Sidecar) *alignment {
	t.Helper()
	a := &alignment{}
	start := told.Started.Sub(k.begin).Seconds()
	a.caller = a.fixes(chirps(left, told.Rate, rising), k.saidPulses(t), start, told)
	a.callee = a.fixes(chirps(right, told.Rate, falling), k.heardPulses(t), start, told)
	return a
}

// fixes finds each pulse in a file that began at a time of the call. None is looked for
// in pauses.
func (a *alignment) fixes(found []pulse, truths []float64, start float64, told *ledger.Sidecar) (list []fix) {
	for _, truth := range truths {
		at := truth - start
		if at < 0.1 || at > float64(told.DurationMS)/1000-0.3 || paused(told, at) {
			continue
		}
		i := slices.IndexFunc(found, func(p pulse) bool { return p.at > at-0.1 && p.at < at+0.25 })
		if i < 0 {
			a.missing++
			continue
		}
		list = append(list, fix{truth, found[i].at - at})
	}
	return list
}

// paused tells whether a pulse lies in a pause, or touches one.
func paused(told *ledger.Sidecar, at float64) bool {
	return slices.ContainsFunc(told.Pauses, func(p ledger.Pause) bool {
		return at > p.AtMS/1000-0.3 && at < (p.AtMS+p.LengthMS)/1000+0.1
	})
}

// saidPulses is when the talker's pulses were spoken, in s since the call began: those
// that were sent whole.
func (k *talker) saidPulses(t *testing.T) (list []float64) {
	t.Helper()
	delays := map[string]float64{}
	for _, l := range []string{"PCMU", "PCMA", "G722"} {
		c, _ := codec.Lookup(l, 8000, 1)
		delays[l] = codecDelay(t, c)
	}
	packets := k.packetsSent()
	for i := range packets {
		clock := packets[i].clock
		if second := math.Round(clock); math.Abs(clock-second) > 0.001 || i+4 >= len(packets) {
			continue
		}
		whole := packets[i+3].line == packets[i].line && math.Abs(packets[i+3].clock-clock-0.06) < 0.001
		for _, p := range packets[i : i+4] {
			whole = whole && !p.lost
		}
		if whole {
			list = append(list, k.net.wall(clock)+delays[packets[i].codec])
		}
	}
	return list
}

// heardPulses is when pulses reached the talker, in s since the call began. Within a
// stretch without a pause the fastest packet tells when all were sent.
func (k *talker) heardPulses(t *testing.T) (list []float64) {
	t.Helper()
	var run []heard
	k.settle(t)
	flush := func() {
		if len(run) >= 50 { // of fewer, on a busy machine, none may have been in time
			list = append(list, k.runPulses(t, run)...)
		}
		run = nil
	}
	for _, h := range k.packets() {
		if n := len(run); n > 0 {
			last := run[n-1].packet
			if h.packet.SSRC != last.SSRC || h.packet.PayloadType != last.PayloadType || h.packet.Marker {
				flush()
			} else if h.packet.SequenceNumber != last.SequenceNumber+1 {
				t.Errorf("the talker missed packets between %d and %d", last.SequenceNumber, h.packet.SequenceNumber)
				flush()
			}
		}
		run = append(run, h)
	}
	flush()
	return list
}

func (k *talker) runPulses(t *testing.T, run []heard) (list []float64) {
	t.Helper()
	name, clock := map[uint8]string{0: "PCMU", 8: "PCMA", 9: "G722"}[run[0].packet.PayloadType], 8000
	if name == "" {
		name, clock = "L16", 16000
	}
	c, ok := codec.Lookup(name, clock, 1)
	if !ok {
		t.Fatal(name)
	}
	first := run[0].packet.Timestamp
	least := math.Inf(1) // of the packets' times under way
	decoder := c.NewDecoder()
	var pcm []int16
	for _, h := range run {
		sent := float64(h.packet.Timestamp-first) / float64(clock)
		least = min(least, h.at.Sub(k.begin).Seconds()-sent)
		if int(math.Round(sent*float64(c.Rate))) != len(pcm) {
			t.Errorf("timestamp %d is not behind the packet before it", h.packet.Timestamp)
			return nil
		}
		pcm = decoder.Decode(pcm, h.packet.Payload)
	}
	for _, p := range chirps(pcm, c.Rate, falling) {
		list = append(list, least+p.at)
	}
	return list
}

// bounds returns the least, the median and the greatest offset, in ms.
func bounds(list []fix) (low, middle, high float64) {
	var offs []float64
	for _, f := range list {
		offs = append(offs, 1000*f.off)
	}
	slices.Sort(offs)
	if len(offs) == 0 {
		return 0, 0, 0
	}
	return offs[0], offs[len(offs)/2], offs[len(offs)-1]
}

// wantAligned fails unless all pulses lie within 5 ms of each other. The caller's side
// is what the server hears: behind a jitter buffer, by one time for the whole call.
func (a *alignment) wantAligned(t *testing.T, least int) {
	t.Helper()
	lowA, a0, highA := bounds(a.caller)
	lowB, b0, highB := bounds(a.callee)
	t.Logf("%d pulses of the caller are %.2f, %.2f, %.2f ms behind the truth (least, median, most); %d of the callee %.2f, %.2f, %.2f ms",
		len(a.caller), lowA, a0, highA, len(a.callee), lowB, b0, highB)
	apart := a0 - b0
	worst := max(highA-apart, highB) - min(lowA-apart, lowB)
	t.Logf("jitter buffer %.2f ms; worst misalignment %.2f ms", apart, worst)
	switch {
	case len(a.caller) < least || len(a.callee) < least:
		t.Errorf("%d and %d pulses, want %d", len(a.caller), len(a.callee), least)
	case a.missing > 0:
		t.Errorf("%d pulses are not in the file", a.missing)
	case worst > 5:
		t.Errorf("the sides are %.2f ms out of step", worst)
	case apart < 5 || apart > 100:
		t.Errorf("the caller's side is %.2f ms behind the callee's", apart)
	}
	if t.Failed() || os.Getenv("RMS_LONG") != "" {
		for _, f := range a.caller {
			t.Logf("caller %8.3f s: %6.2f ms", f.truth, 1000*f.off)
		}
		for _, f := range a.callee {
			t.Logf("callee %8.3f s: %6.2f ms", f.truth, 1000*f.off)
		}
	}
}

// lostRun is a stretch that the network swallowed.
type lostRun struct {
	at      float64 // s since the call began
	packets int
	edge    bool // at the end of a line, where nobody can tell how long it is
}

// lostRuns is what was lost.
func (k *talker) lostRuns() (list []lostRun) {
	packets := k.packetsSent()
	for i := 0; i < len(packets); i++ {
		if !packets[i].lost {
			continue
		}
		n := i
		for n < len(packets) && packets[n].lost && packets[n].line == packets[i].line {
			n++
		}
		edge := n+25 >= len(packets) || packets[n+25].line != packets[i].line || packets[n+25].clock-packets[n].clock > 0.6
		list = append(list, lostRun{at: k.net.wall(packets[i].clock), packets: n - i, edge: edge})
		i = n - 1
	}
	return list
}

// wantGaps compares the gaps that the sidecar tells with what was lost, which lies so far
// behind in the file.
func wantGaps(t *testing.T, k *talker, told *ledger.Sidecar, behind float64) {
	t.Helper()
	var gaps []ledger.Gap
	for _, g := range told.Gaps {
		if g.Side == "caller" && (g.Reason == "loss" || g.Reason == "late") {
			gaps = append(gaps, g)
		}
	}
	start := told.Started.Sub(k.begin).Seconds()
	runs, edges, worst := k.lostRuns(), 0, 0.0
	for _, r := range runs {
		at := 1000 * (r.at - start + behind)
		i := slices.IndexFunc(gaps, func(g ledger.Gap) bool { return math.Abs(g.AtMS-at) < 8 })
		switch {
		case i < 0 && (r.edge || paused(told, at/1000)):
			edges++
		case i < 0:
			t.Errorf("no gap at %.1f ms, where %d packets were lost", at, r.packets)
		default:
			g := gaps[i]
			gaps = slices.Delete(gaps, i, i+1)
			worst = max(worst, math.Abs(g.AtMS-at))
			if g.Packets != r.packets || math.Abs(g.LengthMS-20*float64(r.packets)) > 1 {
				t.Errorf("gap of %d packets, %.2f ms at %.1f ms, want %d packets", g.Packets, g.LengthMS, g.AtMS, r.packets)
			}
		}
	}
	for _, g := range gaps {
		t.Errorf("gap %+v, where nothing was lost", g)
	}
	t.Logf("%d stretches lost, each has its gap within %.2f ms; %d at the end of a line or in a pause", len(runs), worst, edges)
}

// silences are the gaps of other kinds, longer than a time.
func silentGaps(told *ledger.Sidecar, side string, longer time.Duration) (list []ledger.Gap) {
	for _, g := range told.Gaps {
		if g.Side == side && g.Reason != "loss" && g.Reason != "late" && g.LengthMS > float64(longer.Milliseconds()) {
			list = append(list, g)
		}
	}
	return list
}
