package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"rms/cmd/rms/ctl"
	"rms/media/record/ledger"
)

var verifyCommand = &command{
	name: "verify", args: "DIR", short: "check that recordings are as they were made",
	long: `
Compares each recording in DIR (record.root of the server) with the signed chain in
DIR/.rms, and names what was altered, cut off, removed, renamed or put there by others,
audio and sidecars, and lines of the chain itself. The server may run meanwhile. The
exit status is 0 when all is in order, 1 when something is wrong.

    rms verify recordings
    rms verify recordings --public /safe/key.pub --head 812:5f1c...e0

Who can write in DIR can replace the public key there and sign a chain of his own: keep
a copy of DIR/.rms/key.pub elsewhere, and give it. Entries that were cut off the end of
the chain show only against a head that is known: the log has it after each recording
("head"), and so has the last line of this command's output.`,
	run: runVerify,
}

// verifyFlags are the flags of rms verify.
type verifyFlags struct {
	public, head string
	json, quiet  bool
}

func runVerify(ctx context.Context, c *command, args []string, stdout, stderr io.Writer) error {
	var f verifyFlags
	fs := c.flags(stdout)
	fs.StringVar(&f.public, "public", "", "`file` with the public key that you keep; empty: DIR/.rms/key.pub")
	fs.StringVar(&f.head, "head", "", "`HEAD` that the log or an earlier run named: number, colon, hash, or the hash alone")
	fs.BoolVar(&f.json, "json", false, "print the report as JSON")
	fs.BoolVar(&f.quiet, "quiet", false, "show no progress")
	words, err := parse(fs, args)
	if err != nil {
		return notHelp(err)
	}
	if len(words) != 1 {
		return usageError{errors.New("which DIR? One folder, the server's record.root")}
	}
	dir, only := recordingOrFolder(words[0])
	o, err := f.options()
	if err != nil {
		return usageError{err}
	}
	o.File = only
	wipe := func() {}
	if !f.quiet {
		o.Progress, wipe = verifyProgress(stderr)
	}
	report, err := ledger.Verify(ctx, dir, o)
	wipe()
	if err != nil {
		return err
	}
	if err := f.print(stdout, report); err != nil {
		return err
	}
	if !report.OK() {
		return errQuiet
	}
	return nil
}

// recordingOrFolder lets the word be one recording: the folder is then the one above it
// that has the books.
func recordingOrFolder(word string) (dir, file string) {
	info, err := os.Stat(word)
	if err != nil || info.IsDir() {
		return word, ""
	}
	for dir = filepath.Dir(word); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ledger.Folder)); err == nil {
			rel, err := filepath.Rel(dir, word)
			if err != nil {
				break
			}
			return dir, filepath.ToSlash(rel)
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return word, ""
}

func (f *verifyFlags) options() (o ledger.VerifyOptions, err error) {
	if f.public != "" {
		if o.Public, err = readPublic(f.public); err != nil {
			return o, fmt.Errorf("--public %s: %w", f.public, err)
		}
	}
	if f.head != "" {
		if o.Head, err = ledger.ParseHead(f.head); err != nil {
			return o, fmt.Errorf("--head: %w", err)
		}
	}
	return o, nil
}

func readPublic(name string) (ed25519.PublicKey, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, 16<<10))
	if err != nil {
		return nil, err
	}
	return ledger.ParsePublic(text)
}

// verifyProgress shows on a terminal how far the check has come.
func verifyProgress(stderr io.Writer) (show func(ledger.Progress), wipe func()) {
	file, ok := stderr.(*os.File)
	if !ok || !isatty.IsTerminal(file.Fd()) {
		return nil, func() {}
	}
	start := time.Now()
	last, shown := start, false
	show = func(p ledger.Progress) {
		now := time.Now()
		if now.Sub(last) < 200*time.Millisecond {
			return
		}
		last, shown = now, true
		rate := float64(p.Bytes) / now.Sub(start).Seconds()
		left := time.Duration(float64(max(0, p.Total-p.Bytes)) / max(rate, 1) * float64(time.Second))
		fmt.Fprintf(stderr, "\r\x1b[K%d of %s, %s of %s, %s/s, %v left", p.Done, ctl.Count(p.Files, "recording"),
			ctl.Bytes(p.Bytes), ctl.Bytes(p.Total), ctl.Bytes(int64(rate)), left.Round(time.Second))
	}
	return show, func() {
		if shown {
			fmt.Fprint(stderr, "\r\x1b[K")
		}
	}
}

func (f *verifyFlags) print(w io.Writer, r *ledger.Report) error {
	if f.json {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		return out.Encode(r)
	}
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "%s\n", p)
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "... and %d more\n", r.More)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	verdict := "all in order"
	if n := len(r.Problems) + r.More; n > 0 {
		verdict = fmt.Sprintf("%d wrong", n)
	}
	fmt.Fprintf(&b, "%s: %s: %s (%s) checked in %v", r.Dir, verdict, ctl.Count(r.Files, "recording"), ctl.Bytes(r.Bytes), r.Elapsed.Round(time.Millisecond))
	for _, n := range []struct {
		count int
		what  string
	}{{r.Open, "being recorded"}, {r.Removed, "removed on purpose"}, {r.Held, "under legal hold"}, {r.Others, "other files"}} {
		if n.count > 0 {
			fmt.Fprintf(&b, ", %d %s", n.count, n.what)
		}
	}
	b.WriteString("\n")
	if r.Key != "" {
		place := "from beside the chain; --public gives the one that you keep"
		if r.KeyGiven {
			place = "given"
		}
		entries := "1 entry"
		if r.Entries != 1 {
			entries = fmt.Sprintf("%d entries", r.Entries)
		}
		fmt.Fprintf(&b, "key %s (%s), %s", r.Key, place, entries)
		if r.HeadGiven && r.Behind > 0 {
			fmt.Fprintf(&b, ", %d of them since the head that was given", r.Behind)
		}
		fmt.Fprintf(&b, "\nhead %s\n", r.Head)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
