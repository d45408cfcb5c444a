package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// Policy says what may go. Zero: nothing.
type Policy struct {
	Age   time.Duration          // older than this, since the recording ended
	Bytes int64                  // the oldest, while all together have more
	Keep  func(sc *Sidecar) bool // what must stay for another reason, an upload that waits; nil: nothing
	Gone  func(file, why string) // after each removal, on the goroutine of Prune; may be nil
}

// Pruned tells what Prune did.
type Pruned struct {
	Files  int   // removed
	Bytes  int64 // that they had
	Left   int64 // bytes of what is left
	Held   int   // due, but under legal hold
	Kept   int   // due, but Policy.Keep says no
	Failed error // the first that could not be removed; the others were tried
}

// pruneGroup is how many recordings are declared removed with one sync.
const pruneGroup = 64

// aged is a finished recording that could go.
type aged struct {
	file  string
	ended time.Time
	bytes int64
	why   string
}

// Prune removes what the policy lets go, oldest first, each with a tombstone. What is
// being recorded stays, and so does what is under legal hold, whatever its age and size.
func (l *Ledger) Prune(ctx context.Context, now time.Time, p Policy) (Pruned, error) {
	var out Pruned
	if p.Age <= 0 && p.Bytes <= 0 {
		return out, nil
	}
	due, err := l.due(ctx, now, p, &out)
	if err != nil {
		return out, err
	}
	for group := range slices.Chunk(due, pruneGroup) {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		if err := l.pruneGroup(group, p, &out); err != nil {
			return out, err
		}
	}
	return out, nil
}

// due lists what has to go, oldest first, with the reason.
func (l *Ledger) due(ctx context.Context, now time.Time, p Policy, out *Pruned) ([]aged, error) {
	var free []aged
	err := List(l.root, Filter{}, func(sc *Sidecar, err error) bool {
		if err != nil || sc.State == Recording {
			return ctx.Err() == nil
		}
		a := aged{file: strings.Clone(sc.File), ended: sc.Ended, bytes: sc.Bytes}
		out.Left += a.bytes
		old := p.Age > 0 && !a.ended.IsZero() && now.Sub(a.ended) > p.Age
		_, held, _ := l.Held(a.file)
		kept := !held && p.Keep != nil && p.Keep(sc)
		switch {
		case !held && !kept:
			free = append(free, a)
		case held && old:
			out.Held++
		case kept && old:
			out.Kept++
		}
		return ctx.Err() == nil
	})
	if err = errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	slices.SortFunc(free, func(a, b aged) int { return a.ended.Compare(b.ended) })
	return pick(free, now, p, out.Left), nil
}

// pick takes from the oldest what is too old, and then what is too much.
func pick(free []aged, now time.Time, p Policy, total int64) []aged {
	var due []aged
	for _, a := range free {
		switch {
		case p.Age > 0 && !a.ended.IsZero() && now.Sub(a.ended) > p.Age:
			a.why = fmt.Sprintf("retention: older than %v", p.Age)
		case p.Bytes > 0 && total > p.Bytes:
			a.why = fmt.Sprintf("retention: more than %d bytes of recordings", p.Bytes)
		default:
			continue
		}
		total -= a.bytes
		due = append(due, a)
	}
	return due
}

// pruneGroup declares some recordings removed, then removes them. A hold that came
// meanwhile counts.
func (l *Ledger) pruneGroup(group []aged, p Policy, out *Pruned) error {
	l.change.Lock()
	defer l.change.Unlock()
	var entries []*Entry
	var going []aged
	for _, a := range group {
		e, err := l.tombstone(a.file, "retention", a.why)
		switch {
		case err == nil:
			entries, going = append(entries, e), append(going, a)
		case errors.Is(err, ErrHeld):
			out.Held++
		case !errors.Is(err, fs.ErrNotExist):
			out.fail(a.file, err)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	if err := l.commit(entries...); err != nil {
		return err
	}
	for _, a := range going {
		if err := removeRecording(l.root, a.file); err != nil {
			out.fail(a.file, err)
			continue
		}
		out.Files++
		out.Bytes += a.bytes
		out.Left -= a.bytes
		if p.Gone != nil {
			p.Gone(a.file, a.why)
		}
	}
	return nil
}

func (out *Pruned) fail(file string, err error) {
	if out.Failed == nil {
		out.Failed = fmt.Errorf("remove %q: %w", file, err)
	}
}
