package recordcmd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"rms/cmd/rms/ctl"
)

var playCommand = &command{
	name: "play", args: "REC [--player COMMAND]", short: "play a recording here",
	long: `
Hands the recording to a player that is installed: ffplay, play (SoX), paplay or aplay.
When the output is no terminal the WAV file is written there instead. The books note
that it was heard.

    rms recordings play last
    rms recordings play 9f3a --identity key.txt
    rms recordings play 9f3a --player "mpv -"
    rms recordings play 9f3a | ssh desk aplay`,
	flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		player := fs.String("player", "", "`command` that plays a WAV file on its standard input")
		identity := fs.String("identity", "", "`file` with the private key of an encrypted recording")
		return func(ctx context.Context, e *Env, words []string) error {
			ref, err := one(words)
			if err != nil {
				return err
			}
			return e.play(ctx, ref, *player, *identity)
		}
	},
}

// players are commands that play what they read.
var players = []string{"ffplay -nodisp -autoexit -loglevel error -i -", "play -q -t wav -", "paplay", "aplay -q -"}

func (e *Env) play(ctx context.Context, ref, player, identity string) error {
	var command []string
	if player != "" || e.Terminal {
		if command = playerOf(player); len(command) == 0 {
			return errors.New("no player is installed (ffplay, play, paplay, aplay): --player names another, or send the output to a file")
		}
	}
	src, rec, err := e.pick(ctx, ref, hear)
	if err != nil {
		return err
	}
	defer src.close()
	progress, wipe := e.progress("fetching")
	a, err := src.audio(ctx, rec, "play", progress)
	wipe()
	if err != nil {
		return err
	}
	defer a.close()
	in, size := io.ReadSeeker(io.NewSectionReader(a, 0, a.size)), a.size
	if strings.HasSuffix(rec.File, ".age") {
		if identity == "" {
			return errEncrypted
		}
		plain, err := opened(a, identity)
		if err != nil {
			return err
		}
		in, size = plain, plain.Size()
	}
	if len(command) == 0 {
		return copyOut(ctx, e.Out, in, size, nil)
	}
	return e.feed(ctx, command, in, size)
}

// playerOf splits the command that was given, or finds one that is installed.
func playerOf(given string) []string {
	if given != "" {
		return strings.Fields(given)
	}
	for _, p := range players {
		words := strings.Fields(p)
		if _, err := exec.LookPath(words[0]); err == nil {
			return words
		}
	}
	return nil
}

// feed runs a player.
func (e *Env) feed(ctx context.Context, command []string, in io.ReadSeeker, size int64) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = e.Out, os.Stderr
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start %s: %w", command[0], err)
	}
	if err := cmd.Start(); err != nil {
		return ctl.UsageErrorf("start the player: %w", err)
	}
	err = copyOut(ctx, pipe, in, size, nil)
	_ = pipe.Close()
	if ended := cmd.Wait(); ended != nil && ctx.Err() == nil {
		return fmt.Errorf("play with %s: %w", command[0], ended)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_ = err // the player need not read to the end
	return nil
}
