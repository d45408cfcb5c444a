package ledger

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// VerifyOptions say what a folder is compared with.
type VerifyOptions struct {
	Public   ed25519.PublicKey // kept elsewhere; nil: the one beside the chain, which who altered the chain can have replaced
	Head     Head              // from the log; zero: not known
	File     string            // only this recording; empty: all
	Progress func(Progress)    // called often, one call at a time; may be nil
}

// Progress is how far a check has come.
type Progress struct {
	Done, Files  int   // recordings
	Bytes, Total int64 // of them
	File         string
}

// Verify compares a folder with its chain and returns what is wrong. The folder may be in
// use: what is being recorded is counted, and what ends meanwhile is looked at again. An
// error means that it could not be checked; a report without problems means that all is
// as it was written.
func Verify(ctx context.Context, dir string, o VerifyOptions) (*Report, error) {
	start := time.Now()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer root.Close()
	v := &verifier{root: root, o: o, report: &Report{Dir: dir, Problems: []Problem{}}, live: inUse(root)}
	if err := v.run(ctx); err != nil {
		return nil, fmt.Errorf("verify %q: %w", dir, err)
	}
	v.report.Elapsed = time.Since(start)
	return v.report, nil
}

// verifier is one check of a folder.
type verifier struct {
	root   *os.Root
	o      VerifyOptions
	report *Report
	chain  *chainCheck
	live   bool // a server has the folder open

	waited atomic.Int32 // moments that a server was given

	hashes *hasher
	byHash map[[32]byte]string // which recording has a hash; made when it is needed
	gone   map[int64][]string  // recordings that are missing, by size
}

func (v *verifier) run(ctx context.Context) error {
	f, _, err := openRegular(v.root, chainFile)
	if errors.Is(err, fs.ErrNotExist) {
		v.report.add(Problem{Fault: ChainMissing, Text: "there is no " + chainFile + ": rms never recorded here, or the chain was removed"})
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	public, err := v.publicKey()
	if err != nil {
		return err
	}
	v.report.Key = Fingerprint(public)
	v.chain = newChainCheck(public, v.o.Head, v.report)
	if err := v.readChain(f); err != nil {
		return err
	}
	v.chain.touched = map[string]bool{}
	if err := v.files(ctx); err != nil {
		return err
	}
	if err := v.again(ctx, f); err != nil {
		return err
	}
	v.chain.finish(v.live)
	return nil
}

func (v *verifier) publicKey() (ed25519.PublicKey, error) {
	if v.o.Public != nil {
		v.report.KeyGiven = true
		return v.o.Public, nil
	}
	text, err := readSmall(v.root, publicFile, maxKey)
	if err != nil {
		return nil, fmt.Errorf("public key: %w (or give the one that you keep)", err)
	}
	public, err := ParsePublic(text)
	if err != nil {
		return nil, fmt.Errorf("public key %s: %w", publicFile, err)
	}
	return public, nil
}

// readChain reads what the chain has grown to.
func (v *verifier) readChain(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := v.chain.read(f, info.Size()); err != nil {
		return fmt.Errorf("read the chain: %w", err)
	}
	return nil
}

// again looks a second time at recordings that ended, changed or were removed while the
// others were checked: the chain has grown, and what was found before may be wrong.
func (v *verifier) again(ctx context.Context, f *os.File) error {
	for range 3 {
		if err := v.readChain(f); err != nil {
			return err
		}
		touched := v.chain.touched
		if len(touched) == 0 || len(v.report.Problems) == 0 {
			return nil
		}
		v.chain.touched = map[string]bool{}
		kept, recheck := v.report.Problems[:0:0], map[string]bool{}
		for _, p := range v.report.Problems {
			if p.File == "" || !touched[p.File] {
				kept = append(kept, p)
			} else {
				recheck[p.File] = true
			}
		}
		v.report.Problems = kept
		for file := range recheck {
			for _, p := range v.file(ctx, file, v.chain.files[file]) {
				v.report.add(p)
			}
		}
	}
	return ctx.Err()
}
