//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ledger_test

import (
	"os"
	"syscall"
	"testing"

	"rms/media/record/ledger"
)

// TestTheFolderIsFreeWhenAProgramIsBeingStarted: between fork and exec a child has all
// our files.
func TestTheFolderIsFreeWhenAProgramIsBeingStarted(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	child, err := syscall.Dup(s.l.LockFile())
	s.must(err)
	defer func() { _ = syscall.Close(child) }()
	s.must(s.l.Close())
	chain, err := os.ReadFile(s.path(".rms/chain.jsonl"))
	s.must(err)
	s.must(os.WriteFile(s.path(".rms/chain.jsonl"), chain[:len(chain)-5], 0o640))
	s.finds(s.verify(ledger.VerifyOptions{}), "chain_cut: line 2: the chain ends in the middle of a line", `foreign: "a/rec-0.wav"`)
	s.open()
	s.record("a/rec-0.wav")
	s.inOrder()
}
