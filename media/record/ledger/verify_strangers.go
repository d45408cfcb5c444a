package ledger

import (
	"context"
	"fmt"
	"path"
	"strings"
)

// strangers looks for what the chain does not know.
func (v *verifier) strangers(ctx context.Context) error {
	return walk(v.root, ".", func(f found) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		base := path.Base(f.name)
		audio := strings.TrimSuffix(f.name, ".json")
		switch {
		case f.name == Folder && f.mode.IsDir():
			return errSkip
		case f.err != nil:
			v.report.add(Problem{Fault: Unreadable, File: f.name, Text: f.err.Error()})
		case f.mode.IsDir(), v.chain.files[audio] != nil, v.knownTail(f.name), isTemp(base):
		case !f.mode.IsRegular():
			v.report.add(Problem{Fault: NotRegular, File: f.name, Text: "it is " + modeName(f.mode) + ", rms makes none"})
		case !IsAudio(audio):
			if v.chain.files[strings.TrimSuffix(f.name, TailSuffix)] == nil {
				v.report.Others++
			}
		default:
			v.stranger(ctx, f.name, audio)
		}
		return nil
	})
}

// stranger is a recording, or the sidecar of one, that the chain does not know.
func (v *verifier) stranger(ctx context.Context, name, audio string) {
	if name != audio {
		if _, err := v.root.Lstat(audio); err == nil {
			return // told with its audio
		}
	}
	if sc, err := ReadSidecar(v.root, audio); err == nil && sc.State == Recording {
		if v.live {
			v.report.Open++
			return
		}
		v.report.add(Problem{Fault: Unfinished, File: audio, Text: "it was being recorded when the server stopped: start rms, it repairs the file"})
		return
	}
	if info, err := v.root.Lstat(audio); err == nil && len(v.gone[info.Size()]) > 0 {
		if v.renamed(ctx, audio) {
			return
		}
	}
	text := "the chain does not know it: not recorded here, or its entry was removed"
	if line := v.chain.claimed[audio]; line > 0 {
		text = fmt.Sprintf("the line of the chain that names it, line %d, was altered", line)
	}
	v.report.add(Problem{Fault: Foreign, File: audio, Text: text})
}

// renamed says whether a file is one of those that are missing, and tells so.
func (v *verifier) renamed(ctx context.Context, name string) bool {
	sum, size, err := v.hashes.hash(ctx, v.root, name)
	if err != nil {
		return false
	}
	for _, missing := range v.gone[size] {
		if v.chain.files[missing].sha != sum {
			continue
		}
		for i, p := range v.report.Problems {
			if p.File == missing && p.Fault == Removed {
				v.report.Problems[i] = Problem{Fault: Renamed, File: missing, Text: fmt.Sprintf("it lies there as %q", name)}
			}
		}
		return true
	}
	return false
}
