package recordcmd

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rms/cmd/rms/ctl"
	"rms/cmd/rms/terminal"
	"rms/media/record/ledger"
	"rms/media/record/shelf"
)

var listCommand = &command{
	name: "list", args: "[--call ID] [--from TIME] [--to TIME] [--state STATE]", short: "recordings, the newest first",
	long: `
A line for each recording: when it began, how long it is, its state, the beginning of
its ID, and who was recorded. Signs: h on legal hold, e encrypted, g with gaps, p with
pauses, u delivered, ! delivery failed.

    rms recordings list                              the last 50
    rms recordings list --from 2026-07-01 --to 2026-07-02
    rms recordings list --call 5f0c9a41-...          of one call
    rms recordings list --state failed --limit 1000
    rms recordings list --json | jq .bytes           an object a line`,
	flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		var q query
		fs.StringVar(&q.call, "call", "", "only those of this call")
		fs.StringVar(&q.from, "from", "", "only those that began at this `time` or later: 2026-07-01, 2026-07-01T08:30")
		fs.StringVar(&q.to, "to", "", "only those that began before this `time`, or not after this day")
		fs.StringVar(&q.state, "state", "", "recording, complete, repaired or failed")
		fs.IntVar(&q.limit, "limit", 50, "how many at most")
		ids := fs.Bool("ids", false, "only IDs, a line each")
		return func(ctx context.Context, e *Env, words []string) error {
			states := []string{"", string(ledger.Recording), string(ledger.Complete), string(ledger.Repaired), string(ledger.Failed)}
			switch {
			case len(words) > 0:
				return ctl.UsageErrorf("unexpected word %q", ctl.Clean(words[0]))
			case q.limit < 1 || q.limit > everyRecording:
				return ctl.UsageErrorf("--limit: from 1 to %d", everyRecording)
			case !slices.Contains(states, q.state):
				return ctl.UsageErrorf("--state: one of recording, complete, repaired, failed")
			}
			src, err := e.open(ctx, look)
			if err != nil {
				return err
			}
			defer src.close()
			found, total, err := src.list(ctx, q)
			if err != nil {
				return err
			}
			return e.printList(found, total, *ids)
		}
	},
}

func (e *Env) printList(found []shelf.Summary, total int, ids bool) error {
	n := 8
	for i := range found {
		for j := range i {
			n = max(n, same(found[i].ID, found[j].ID)+1)
		}
		if i > 1000 {
			n = 64 // to compare all with all takes too long
			break
		}
	}
	for i := range found {
		switch r := &found[i]; {
		case ids:
			fmt.Fprintln(e.Out, ctl.Clean(r.ID))
		case e.json:
			if err := e.printLine(r); err != nil {
				return err
			}
		default:
			fmt.Fprintln(e.Out, line(r, n))
		}
	}
	switch {
	case ids || e.json:
	case total == 0:
		fmt.Fprintln(e.Out, "no recordings")
	case total > len(found):
		fmt.Fprintf(e.Out, "%d of %d; --limit, --from and --to show others\n", len(found), total)
	}
	return nil
}

// same is how many characters two texts begin with alike.
func same(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// line is a recording in the list.
func line(r *shelf.Summary, id int) string {
	signs := ""
	for _, s := range []struct {
		sign string
		is   bool
	}{{"h", r.Hold}, {"e", r.Encrypted}, {"g", r.Gaps > 0}, {"p", r.Pauses > 0}, {"u", r.Upload == "done"}, {"!", r.Upload == "failed"}} {
		if s.is {
			signs += s.sign
		}
	}
	short := ctl.Clean(r.ID)
	if len(short) > id {
		short = short[:id]
	}
	who := ctl.Clean(strings.Join(r.Parties, " - "))
	if who == "" {
		who = ctl.Clean(r.File)
	}
	return strings.TrimRight(fmt.Sprintf("%-*s  %s  %8s %9s  %-9s %-4s  %s", id, short, r.Started.Local().Format(time.DateTime),
		length(r.DurationMS), ctl.Bytes(r.Bytes), ctl.Clean(r.State), signs, who), " ")
}

// printLine prints a value as JSON on one line.
func (e *Env) printLine(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if e.Terminal {
		text = terminal.JSON(text)
	}
	_, err = e.Out.Write(append(text, '\n'))
	return err
}

// printJSON prints a value as JSON.
func (e *Env) printJSON(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if e.Terminal {
		text = terminal.JSON(text)
	}
	_, err = io.WriteString(e.Out, string(text)+"\n")
	return err
}
