package recordcmd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"rms/cmd/rms/ctl"
	"rms/media/record/ledger"
	"rms/media/record/seal"
	"rms/media/record/waveform"
)

var errEncrypted = errors.New("the recording is encrypted: give --identity FILE with a private key that opens it")

var showCommand = &command{
	name: "show", args: "REC [--svg FILE]", short: "the waveform and what is known of a recording",
	long: `
Draws both sides with pauses, gaps and marks, says who spoke how much, and lists what
the sidecar tells. REC may also be any WAV file. A recording that is being made is shown
up to now. Talk is what is 10 dB above a side's own noise, not silence between words.

    rms recordings show last
    rms recordings show 9f3a --svg call.svg      a picture for a browser, dark or light
    rms recordings show 9f3a --svg - > call.svg
    rms recordings show some/other.wav           a file that rms did not make
    rms recordings show 9f3a --identity key.txt  an encrypted one
    rms recordings show 9f3a --json              the sidecar`,
	flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		var o showOptions
		fs.StringVar(&o.svg, "svg", "", "write a picture to this `file`; - is the standard output")
		fs.IntVar(&o.width, "width", 0, "of the picture of characters; 0: that of the terminal")
		fs.BoolVar(&o.ascii, "ascii", false, "picture without Unicode")
		fs.StringVar(&o.identity, "identity", "", "`file` with the private key of an encrypted recording")
		return func(ctx context.Context, e *Env, words []string) error {
			ref, err := one(words)
			if err != nil {
				return err
			}
			return e.show(ctx, ref, &o)
		}
	},
}

type showOptions struct {
	svg, identity string
	width         int
	ascii         bool
}

func (e *Env) show(ctx context.Context, ref string, o *showOptions) error {
	n := look
	if o.identity != "" {
		n = hear
	}
	src, rec, err := e.pick(ctx, ref, n)
	if err != nil {
		return err
	}
	defer src.close()
	if e.json {
		return e.printJSON(rec)
	}
	progress, wipe := e.progress("reading")
	picture, err := e.draw(ctx, src, rec, o.identity, progress)
	wipe()
	encrypted := errors.Is(err, errEncrypted)
	if err != nil && (!encrypted || o.svg != "") {
		return err
	}
	switch {
	case o.svg == "-":
		return picture.SVG(e.Out, waveform.Of(rec))
	case o.svg != "":
		return e.writeSVG(picture, rec, o.svg)
	case encrypted:
		fmt.Fprintf(e.Out, "%v\n", err)
	default:
		width := o.width
		if width == 0 {
			width = e.Width
		}
		if err := picture.Text(e.Out, waveform.Of(rec), waveform.TextOptions{Width: width, ASCII: o.ascii || e.ASCII, Color: e.Color}); err != nil {
			return err
		}
	}
	e.facts(rec)
	return nil
}

// draw reads the recording, and decrypts it where there is a key.
func (e *Env) draw(ctx context.Context, src source, rec *ledger.Sidecar, identity string, progress func(done, total int64)) (*waveform.Overview, error) {
	sealed := strings.HasSuffix(rec.File, ".age")
	if !sealed {
		return src.overview(ctx, rec, progress)
	}
	if identity == "" {
		return nil, errEncrypted
	}
	a, err := src.audio(ctx, rec, "look", progress)
	if err != nil {
		return nil, err
	}
	defer a.close()
	plain, err := opened(a, identity)
	if err != nil {
		return nil, err
	}
	return waveform.Read(ctx, plain, plain.Size(), waveform.ReadOptions{Pauses: waveform.PausesOf(rec), Progress: progress})
}

// opened decrypts a recording.
func opened(a *audio, identity string) (*seal.Reader, error) {
	f, err := os.Open(identity)
	if err != nil {
		return nil, ctl.UsageErrorf("read the private key: %w", err)
	}
	defer func() { _ = f.Close() }()
	ids, err := seal.ParseIdentities(f)
	if err != nil {
		return nil, ctl.UsageErrorf("%s: %w", identity, err)
	}
	return seal.Open(a, a.size, a.tail, ids)
}

// pick finds a recording in the folder or at the server, or a file outside of both.
func (e *Env) pick(ctx context.Context, ref string, n need) (source, *ledger.Sidecar, error) {
	src, err := e.open(ctx, n)
	if err == nil {
		var rec *ledger.Sidecar
		if rec, err = src.find(ctx, ref); err == nil {
			return src, rec, nil
		}
		src.close()
	}
	if n == change {
		return nil, nil, err
	}
	dir, rec, ok := outside(ref)
	if !ok {
		return nil, nil, err
	}
	f, err := openFolder(dir, "", e.By)
	if err != nil {
		return nil, nil, err
	}
	return &stray{f}, rec, nil
}

// stray is one file that no books know. Nothing is written beside it.
type stray struct{ *folder }

func (s *stray) overview(ctx context.Context, rec *ledger.Sidecar, progress func(done, total int64)) (*waveform.Overview, error) {
	a, err := s.audio(ctx, rec, "", nil)
	if err != nil {
		return nil, err
	}
	defer a.close()
	return waveform.Read(ctx, io.NewSectionReader(a, 0, a.size), a.size, waveform.ReadOptions{Pauses: waveform.PausesOf(rec), Progress: progress})
}

func (e *Env) writeSVG(o *waveform.Overview, rec *ledger.Sidecar, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the picture: %w", err)
	}
	err = o.SVG(f, waveform.Of(rec))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the picture %s: %w", name, err)
	}
	fmt.Fprintf(e.Err, "wrote %s\n", name)
	return nil
}

// facts lists what the sidecar tells and the picture does not.
func (e *Env) facts(rec *ledger.Sidecar) {
	say := func(name, text string, values ...any) {
		if text = ctl.Clean(fmt.Sprintf(text, values...)); text != "" {
			fmt.Fprintf(e.Out, "  %-9s %s\n", name, text)
		}
	}
	fmt.Fprintln(e.Out)
	say("id", "%s", rec.ID)
	say("call", "%s", rec.Call)
	state := string(rec.State)
	if rec.Reason != "" {
		state += " (" + rec.Reason + ")"
	}
	say("state", "%s", state)
	if rec.Rate > 0 {
		say("audio", "%s, %d Hz, %s, %s", rec.Encoding, rec.Rate, ctl.Count(rec.Channels, "channel"), ctl.Bytes(rec.Bytes))
	}
	for _, s := range rec.Sides {
		if len(s.Codecs) == 0 && s.Packets == 0 {
			continue // not known before the end
		}
		say(s.Label, "%s, %s, %d lost, %d late, skew %.1f ppm", strings.Join(s.Codecs, " "), ctl.Count(int(s.Packets), "packet"), s.Lost, s.Late, s.SkewPPM)
	}
	say("sha256", "%s", rec.SHA256)
	if len(rec.EncryptedTo) > 0 {
		say("encrypted", "to %s", strings.Join(rec.EncryptedTo, ", "))
	}
	if h := rec.Hold; h != nil {
		say("hold", "since %s by %s: %s", h.Since.Local().Format(time.DateTime), h.By, h.Why)
	}
	for _, u := range rec.Uploads {
		text := u.State + " " + u.URL
		if u.Error != "" {
			text += ": " + u.Error
		}
		say("upload", "%s", text)
	}
}
