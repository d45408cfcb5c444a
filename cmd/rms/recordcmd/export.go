package recordcmd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"rms/cmd/rms/ctl"
	"rms/media"
	"rms/media/record/ledger"
	"rms/media/record/seal"
	"rms/media/wav"
)

var exportCommand = &command{
	name: "export", args: "REC... [-o FILE|--dir DIR]", short: "copy recordings out, decrypted, one side if need be",
	long: `
Writes a WAV file that every player opens, under the recording's own name unless -o says
another; what is there is not overwritten without --force. Encrypted recordings need the
private key that belongs to record.encrypt. The books note the export.

    rms recordings export last                               into this folder
    rms recordings export 9f3a 77c0 --dir out
    rms recordings export 9f3a --side caller -o caller.wav   one side, mono
    rms recordings export 9f3a --format pcm -o plain.wav     16 bits, from ulaw or alaw
    rms recordings export 9f3a --identity key.txt
    rms recordings export 9f3a -o - | ffmpeg -i - call.mp3`,
	flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		var o exportOptions
		fs.StringVar(&o.out, "o", "", "`file` to write; - is the standard output")
		fs.StringVar(&o.dir, "dir", ".", "`folder` to write into, under the recordings' own names")
		fs.StringVar(&o.side, "side", "", "only this side, as a mono file: caller, callee, a label, or a channel from 0")
		fs.StringVar(&o.format, "format", "", "pcm, ulaw or alaw; empty: as it is")
		fs.StringVar(&o.identity, "identity", "", "`file` with the private key of encrypted recordings")
		fs.BoolVar(&o.force, "force", false, "overwrite what is there")
		return func(ctx context.Context, e *Env, words []string) error {
			if len(words) == 0 {
				_, err := one(words)
				return err
			}
			if o.out != "" && len(words) > 1 {
				return ctl.UsageErrorf("-o is for one recording; --dir for several")
			}
			if err := o.check(); err != nil {
				return err
			}
			for _, ref := range words {
				if err := e.export(ctx, ref, &o); err != nil {
					return err
				}
			}
			return nil
		}
	},
}

type exportOptions struct {
	out, dir, side, format, identity string
	force                            bool
	encoding                         wav.Encoding
}

func (o *exportOptions) check() error {
	encodings := map[string]wav.Encoding{"": 0, "pcm": wav.PCM, "ulaw": wav.Mulaw, "alaw": wav.Alaw}
	e, ok := encodings[o.format]
	if !ok {
		return ctl.UsageErrorf("--format: one of pcm, ulaw, alaw")
	}
	o.encoding = e
	if o.out == "-" && (o.side != "" || o.format != "") {
		return ctl.UsageErrorf("--side and --format need a file: -o FILE")
	}
	return nil
}

func (e *Env) export(ctx context.Context, ref string, o *exportOptions) error {
	src, rec, err := e.pick(ctx, ref, hear)
	if err != nil {
		return err
	}
	defer src.close()
	sealed := strings.HasSuffix(rec.File, ".age")
	if sealed && o.identity == "" {
		return errEncrypted
	}
	progress, wipe := e.progress("exporting " + path.Base(rec.File))
	defer wipe()
	a, err := src.audio(ctx, rec, "export", progress)
	if err != nil {
		return err
	}
	defer a.close()
	in := io.ReadSeeker(io.NewSectionReader(a, 0, a.size))
	size := a.size
	if sealed {
		plain, err := opened(a, o.identity)
		if err != nil {
			return err
		}
		in, size = plain, plain.Size()
		if broken := plain.Broken(); broken != nil {
			fmt.Fprintf(e.Err, "%s ends early: %v\n", ctl.Clean(rec.File), broken)
		}
	}
	if o.out == "-" {
		return copyOut(ctx, e.Out, in, size, progress)
	}
	name := o.out
	if name == "" {
		name = filepath.Join(o.dir, filepath.Base(strings.TrimSuffix(filepath.FromSlash(rec.File), ".age")))
	}
	if err := e.write(ctx, name, rec, in, size, o, progress); err != nil {
		return fmt.Errorf("export to %s: %w", name, err)
	}
	wipe()
	fmt.Fprintf(e.Err, "wrote %s\n", name)
	return nil
}

// write makes the file, or leaves nothing.
func (e *Env) write(ctx context.Context, name string, rec *ledger.Sidecar, in io.ReadSeeker, size int64, o *exportOptions, progress func(done, total int64)) error {
	flags := os.O_RDWR | os.O_CREATE | os.O_EXCL
	if o.force {
		flags = os.O_RDWR | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o600)
	if errors.Is(err, os.ErrExist) {
		return errors.New("it is there already; --force overwrites it")
	}
	if err != nil {
		return err
	}
	if o.side == "" && o.encoding == 0 {
		err = copyOut(ctx, f, in, size, progress)
	} else {
		err = convert(ctx, f, rec, in, size, o, progress)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(name)
	}
	return err
}

// copyOut copies, with a true header where it was sealed.
func copyOut(ctx context.Context, w io.Writer, in io.ReadSeeker, size int64, progress func(done, total int64)) error {
	w = &writing{ctx, w, 0, size, progress}
	if sealed, ok := in.(*seal.Reader); ok {
		return seal.Export(w, sealed)
	}
	_, err := io.Copy(w, in)
	return err
}

// writing counts what is written, and ends with ctx.
type writing struct {
	ctx context.Context //nolint:containedctx // io.Writer has no other way
	io.Writer
	done, total int64
	tell        func(done, total int64)
}

func (w *writing) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.Writer.Write(p)
	if w.done += int64(n); w.tell != nil {
		w.tell(w.done, w.total)
	}
	return n, err
}

// convert writes one side, or all, in another encoding.
func convert(ctx context.Context, f *os.File, rec *ledger.Sidecar, in io.Reader, size int64, o *exportOptions, progress func(done, total int64)) error {
	r, err := wav.Open(in, size)
	if err != nil {
		return err
	}
	info := r.Info()
	channels, side := info.Format.Channels, -1
	if o.side != "" {
		if side, err = channelOf(rec, o.side, channels); err != nil {
			return err
		}
	}
	encoding := o.encoding
	if encoding == 0 {
		encoding = info.Encoding
	}
	if encoding == wav.Float {
		encoding = wav.PCM
	}
	format := media.Format{Rate: info.Format.Rate, Channels: channels}
	if side >= 0 {
		format.Channels = 1
	}
	w, err := wav.NewWriter(f, format, encoding)
	if err != nil {
		return err
	}
	pcm, done := make([]int16, 4096*channels), int64(0)
	for {
		n, err := r.ReadSamples(pcm)
		if errors.Is(err, io.EOF) {
			return w.Close()
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		part := pcm[:n]
		if done += int64(n / channels); side >= 0 {
			for i := range n / channels {
				pcm[i] = pcm[i*channels+side]
			}
			part = pcm[:n/channels]
		}
		if err := w.WriteSamples(part); err != nil {
			return err
		}
		if progress != nil {
			progress(done, info.Frames)
		}
	}
}

// channelOf finds the channel of a side.
func channelOf(rec *ledger.Sidecar, side string, channels int) (int, error) {
	names := []string{}
	for _, s := range rec.Sides {
		if s.Label == side && s.Channel >= 0 && s.Channel < channels {
			return s.Channel, nil
		}
		names = append(names, s.Label)
	}
	if len(side) == 1 && side[0] >= '0' && int(side[0]-'0') < channels {
		return int(side[0] - '0'), nil
	}
	if len(names) == 0 && channels == 2 && (side == "caller" || side == "callee") {
		return map[string]int{"caller": 0, "callee": 1}[side], nil
	}
	return 0, ctl.UsageErrorf("--side %q: the recording has %s, channels 0 to %d", ctl.Clean(side), ctl.Clean(strings.Join(names, ", ")), channels-1)
}
