package load

import "runtime"

// result puts together what agent, poller, sender and /proc have counted.
func (r *runner) result() Result {
	p := r.plan
	out := Result{
		Target: p.target.text, Transport: p.Transport, Codec: p.codec.name, Calls: p.Calls, Rate: p.Rate,
		Seconds: float64(r.poller.windowTo.Load()-r.poller.windowFrom.Load()) / 1e9, TwoWay: p.TwoWay, Interrupted: r.interrupted, Idle: r.idleLate,
	}
	out.addAgent(r.agent)
	out.addMeter(&r.poller.meter)
	standing := r.standing()
	for i := range p.PIDs {
		out.Processes = append(out.Processes, r.process(i, standing, out.Answered))
	}
	out.Streams = r.streams()
	out.Recordings = p.Recordings.sum(out.Answered, r.before.at)
	out.Doors = r.doors
	out.Machine = r.machine()
	if r.sender != nil {
		late := r.sender.late.spread()
		out.Machine.SenderLate, out.Machine.SendSkipped = &late, r.sender.skipped
		out.Packets.Sent = r.sender.sent
	}
	return out
}

// standing is the mean number of calls that stood in the window.
func (r *runner) standing() float64 {
	from, to := r.opened.at.UnixNano(), r.closed.at.UnixNano()
	var sum float64
	for _, c := range r.agent.calls[:r.agent.placed] {
		if c.stream == nil {
			continue
		}
		end := to
		if stopped := c.stream.stopped.Load(); stopped != 0 {
			end = min(end, stopped)
		}
		if begin := max(from, c.stream.began); end > begin {
			sum += float64(end - begin)
		}
	}
	if to <= from {
		return 0
	}
	return sum / float64(to-from)
}

func (r *runner) process(i int, standing float64, answered int) Process {
	before, open, closed := r.before.usages[i], r.opened.usages[i], r.closed.usages[i]
	out := Process{PID: r.plan.PIDs[i], Name: processName(r.plan.PIDs[i]), RSSBefore: before.rss >> 10, RSSDuring: closed.rss >> 10, Threads: closed.threads}
	if closed.rss < 0 || open.rss < 0 {
		out.Gone, out.RSSDuring = true, 0
		return out
	}
	idle := rate(before.cpu-r.beforeIdle.usages[i].cpu, r.beforeIdle, r.before)
	out.IdleMcore = idle * 1000
	out.Cores = rate(closed.cpu-open.cpu, r.opened, r.closed)
	if standing > 0 {
		out.PerCall = out.Cores / standing * 1000
		out.RSSPerCall = float64(closed.rss-before.rss) / 1024 / standing
	}
	if answered > 0 {
		setUp := r.settled.usages[i].cpu - before.cpu
		setUp -= out.PerCall / 1000 * r.callSeconds
		out.SetUpMs = max(0, setUp*1000/float64(answered))
	}
	return out
}

func rate(cpu float64, from, to sample) float64 {
	seconds := to.at.Sub(from.at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return cpu / seconds
}

func (r *runner) machine() Machine {
	a, b := r.opened.machine, r.closed.machine
	m := Machine{Cores: runtime.NumCPU(), LoadAverage: r.load, ToolCores: rate(r.closed.own-r.opened.own, r.opened, r.closed)}
	if total := float64(b.total - a.total); total > 0 {
		m.Busy = 100 * (1 - float64(b.idle-a.idle)/total)
		m.Steal = 100 * float64(b.steal-a.steal) / total
	}
	return m
}
