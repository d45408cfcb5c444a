package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"sync"
)

// maxWorkers is how many files are read at once.
const maxWorkers = 4

// files checks each recording of the chain, then looks for what the chain does not know.
func (v *verifier) files(ctx context.Context) error {
	names := v.names()
	var total int64
	for _, name := range names {
		if r := v.chain.files[name]; !r.gone {
			total += r.bytes
		}
	}
	v.hashes = &hasher{progress: v.o.Progress, at: Progress{Files: len(names), Total: total}}
	v.count(names)
	v.gone = map[int64][]string{}
	found := v.checkAll(ctx, names)
	for _, name := range names {
		for _, p := range found[name] {
			if p.Fault == Removed {
				size := v.chain.files[name].bytes
				v.gone[size] = append(v.gone[size], name)
			}
			v.report.add(p)
		}
	}
	if err := ctx.Err(); err != nil || v.o.File != "" {
		return err
	}
	return v.strangers(ctx)
}

// names lists the recordings to check, in order.
func (v *verifier) names() []string {
	if v.o.File == "" {
		return slices.Sorted(maps.Keys(v.chain.files))
	}
	if v.chain.files[v.o.File] == nil {
		v.report.add(Problem{Fault: Foreign, File: v.o.File, Text: "the chain does not know it"})
		return nil
	}
	return []string{v.o.File}
}

func (v *verifier) count(names []string) {
	for _, name := range names {
		switch r := v.chain.files[name]; {
		case r.gone:
			v.report.Removed++
			continue
		case r.open:
			v.report.Open++
		default:
			v.report.Files++
			v.report.Bytes += r.bytes
		}
		if v.chain.files[name].held {
			v.report.Held++
		}
	}
}

// checkAll checks recordings on as many goroutines as there are processors.
func (v *verifier) checkAll(ctx context.Context, names []string) map[string][]Problem {
	found := map[string][]Problem{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	next := make(chan string)
	for range min(maxWorkers, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for name := range next {
				problems := v.file(ctx, name, v.chain.files[name])
				v.hashes.fileDone()
				if len(problems) > 0 {
					mu.Lock()
					found[name] = problems
					mu.Unlock()
				}
			}
		})
	}
	for _, name := range names {
		if ctx.Err() != nil {
			break
		}
		next <- name
	}
	close(next)
	workers.Wait()
	return found
}

// file checks one recording of the chain.
func (v *verifier) file(ctx context.Context, name string, r *record) []Problem {
	switch {
	case checkFile(name) != nil:
		return []Problem{{Fault: Unreadable, File: name, Text: "the chain names a file outside of the folder"}}
	case r.gone:
		return v.goneFile(ctx, name, r)
	case r.open && v.live:
		return nil
	case r.open:
		return []Problem{{Fault: Unfinished, File: name, Text: "audio was being added when the server stopped: start rms, it repairs the file"}}
	}
	var out []Problem
	if !r.entered {
		out = append(out, Problem{Fault: Foreign, File: name, Text: "the entry of its recording is missing from the chain, or was altered"})
	}
	if r.hashed {
		if p, bad := v.audio(ctx, name, r); bad {
			out = append(out, p)
		}
	}
	if r.tailed && (len(out) == 0 || out[len(out)-1].Fault != Removed) {
		if p, bad := v.tail(ctx, name, r); bad {
			out = append(out, p)
		}
	}
	p, bad := v.sidecar(name, r)
	switch {
	case !bad:
	case p.Fault == SidecarRemoved && len(out) == 1 && out[0].Fault == Removed:
		out[0].Text += ", and so is its sidecar"
	default:
		out = append(out, p)
	}
	return out
}

func (v *verifier) audio(ctx context.Context, name string, r *record) (p Problem, bad bool) {
	sum, size, err := v.hashes.hash(ctx, v.root, name)
	var odd *notRegular
	switch {
	case ctx.Err() != nil:
		return p, false
	case errors.Is(err, fs.ErrNotExist):
		return Problem{Fault: Removed, File: name, Text: fmt.Sprintf("it is gone (%d bytes), and no tombstone says that it should be", r.bytes)}, true
	case errors.As(err, &odd):
		return Problem{Fault: NotRegular, File: name, Text: "it was replaced by " + modeName(odd.mode)}, true
	case err != nil:
		return Problem{Fault: Unreadable, File: name, Text: err.Error()}, true
	case sum == r.sha && size == r.bytes:
		return p, false
	}
	p = Problem{Fault: Altered, File: name, Text: "its bytes are not those that were recorded"}
	if other := v.whose(sum); other != "" && other != name {
		return Problem{Fault: Swapped, File: name, Text: fmt.Sprintf("it holds what was recorded as %q", other)}, true
	}
	switch {
	case size < r.bytes:
		p.Fault, p.Text = CutOff, fmt.Sprintf("it has %d of the %d bytes that were recorded", size, r.bytes)
	case size > r.bytes:
		p.Fault, p.Text = Longer, fmt.Sprintf("it has %d bytes, %d were recorded", size, r.bytes)
	}
	return p, true
}

// whose returns the recording that has a hash.
func (v *verifier) whose(sum [32]byte) string {
	v.hashes.mu.Lock()
	defer v.hashes.mu.Unlock()
	if v.byHash == nil {
		v.byHash = map[[32]byte]string{}
		for name, r := range v.chain.files {
			if r.hashed {
				v.byHash[r.sha] = name
			}
		}
	}
	return v.byHash[sum]
}
