package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// tail compares what a crash left beside an encrypted recording with the chain: without
// it the last seconds are gone, though the file itself is as it was.
func (v *verifier) tail(ctx context.Context, name string, r *record) (p Problem, bad bool) {
	sum, _, err := v.hashes.hash(ctx, v.root, name+TailSuffix)
	var odd *notRegular
	switch {
	case ctx.Err() != nil:
		return p, false
	case errors.Is(err, fs.ErrNotExist):
		return Problem{Fault: CutOff, File: name, Text: fmt.Sprintf("its tail %q, which holds its last seconds, is gone", name+TailSuffix)}, true
	case errors.As(err, &odd):
		return Problem{Fault: NotRegular, File: name, Text: "its tail was replaced by " + modeName(odd.mode)}, true
	case err != nil:
		return Problem{Fault: Unreadable, File: name, Text: "tail: " + err.Error()}, true
	case sum == r.tail:
		return p, false
	}
	return Problem{Fault: Altered, File: name, Text: fmt.Sprintf("its tail %q, which holds its last seconds, is not the one that the crash left", name+TailSuffix)}, true
}

// knownTail says whether a file is a tail that the chain has: it was looked at with its
// recording.
func (v *verifier) knownTail(name string) bool {
	audio, isTail := strings.CutSuffix(name, TailSuffix)
	if !isTail {
		return false
	}
	r := v.chain.files[audio]
	return r != nil && r.tailed
}
