package recordcmd

import (
	"context"
	"flag"
	"fmt"

	"rms/cmd/rms/ctl"
	"rms/media/record/ledger"
)

// changes makes a command that does something to each recording that is named.
func changes(done string, f func(ctx context.Context, src source, id, why string) error, needsWhy, hasWhy bool) func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
	return func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		why := new(string)
		if hasWhy {
			fs.StringVar(why, "why", "", "the `reason`, which the books keep")
		}
		return func(ctx context.Context, e *Env, words []string) error {
			if len(words) == 0 {
				_, err := one(words)
				return err
			}
			if needsWhy && *why == "" {
				return ctl.UsageErrorf("--why is missing: the books keep the reason")
			}
			src, err := e.open(ctx, change)
			if err != nil {
				return err
			}
			defer src.close()
			var recs []*ledger.Sidecar // all are found before anything is done
			for _, ref := range words {
				rec, err := src.find(ctx, ref)
				if err != nil {
					return err
				}
				recs = append(recs, rec)
			}
			for _, rec := range recs {
				if err := f(ctx, src, rec.ID, *why); err != nil {
					return err
				}
				fmt.Fprintf(e.Out, "%s %s (%s)\n", done, ctl.Clean(rec.ID), ctl.Clean(rec.File))
			}
			return nil
		}
	}
}

var holdCommand = &command{
	name: "hold", args: "REC... --why REASON", short: "keep recordings, whatever else is configured",
	long: `
A recording on legal hold is removed by nobody: not by retention (record.keep,
record.max_size), not by a script, not by "delete". Who, when and why goes into the
signed books.

    rms recordings hold 9f3a 77c0 --why "case 4711, M. Smith"`,
	flags: changes("on hold:", func(ctx context.Context, s source, id, why string) error { return s.hold(ctx, id, why) }, true, true),
}

var releaseCommand = &command{
	name: "release", args: "REC... [--why REASON]", short: "end a legal hold",
	long: `
From then on the recording is one like others: retention may remove it at once.

    rms recordings release 9f3a --why "case 4711 is closed"`,
	flags: changes("released:", func(ctx context.Context, s source, id, why string) error { return s.release(ctx, id, why) }, false, true),
}

var deleteCommand = &command{
	name: "delete", args: "REC... --why REASON", short: "remove recordings for good",
	long: `
Audio and sidecar are removed. The chain keeps a tombstone, which says that this was on
purpose, by whom and why: "rms verify" stays content. Copies that were delivered stay
where they are.

    rms recordings delete 9f3a --why "the caller wants it"`,
	flags: changes("deleted:", func(ctx context.Context, s source, id, why string) error { return s.remove(ctx, id, why) }, true, true),
}

var uploadCommand = &command{
	name: "upload", args: "REC...", short: "deliver recordings again",
	long: `
Puts recordings into the queue of the server once more: after upload.to was changed, or
when a delivery was given up. It needs the server to run.

    rms recordings list --state complete --ids | xargs rms recordings upload`,
	flags: changes("in the queue:", func(ctx context.Context, s source, id, _ string) error { return s.upload(ctx, id) }, false, false),
}

var verifyCommand = &command{
	name: "verify", args: "[REC] [--public FILE] [--head HEAD]", short: "check that recordings are as they were made",
	long: `
Compares all recordings of the folder, or one, with the signed chain. "rms verify --help"
tells what is found and what the flags are for. It looks at the folder, also while a
server runs.

    rms recordings verify
    rms recordings verify 9f3a`,
	flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		public := fs.String("public", "", "`file` with the public key that you keep")
		head := fs.String("head", "", "`HEAD` of the chain that the log named")
		quiet := fs.Bool("quiet", false, "show no progress")
		return func(ctx context.Context, e *Env, words []string) error {
			if e.place.URL != "" || e.place.Socket != "" {
				return ctl.UsageErrorf("verify reads the folder itself: a server that was altered too could say anything")
			}
			src, err := e.open(ctx, look)
			if err != nil {
				return err
			}
			defer src.close()
			f, ok := src.(*folder)
			if !ok {
				return ctl.UsageErrorf("verify reads the folder itself: --root says where it is")
			}
			args := []string{f.name}
			if len(words) > 0 {
				ref, err := one(words)
				if err != nil {
					return err
				}
				rec, err := f.find(ctx, ref)
				if err != nil {
					return err
				}
				args[0] = f.path(rec)
			}
			for name, value := range map[string]string{"--public": *public, "--head": *head} {
				if value != "" {
					args = append(args, name, value)
				}
			}
			if e.json {
				args = append(args, "--json")
			}
			if *quiet {
				args = append(args, "--quiet")
			}
			return e.Verify(ctx, args)
		}
	},
}
