package call

import (
	"fmt"

	"rms/media/wire/audiostream"
)

func init() {
	apis["uuid_audio_stream"] = func(x *Exec, args string) string {
		return x.audioStream("uuid_audio_stream", args, audiostream.ParseCommand)
	}
	apis["uuid_audio_fork"] = func(x *Exec, args string) string {
		return x.audioStream("uuid_audio_fork", args, audiostream.ParseFork)
	}
}

// audioStream runs one command and answers as the module does: the reason of a
// refusal is in the log and in an event.
func (x *Exec) audioStream(name, args string, parse func(string) (audiostream.Command, audiostream.Reply)) string {
	cmd, reply := parse(args)
	if _, ok := x.manager.Find(cmd.UUID); !ok && reply.Text != audiostream.Usage {
		x.Log().Warn().Str("command", name).Str("uuid", cut(cmd.UUID, 100)).Msg("no such call")
		return audiostream.Failed
	}
	why := reply.Why
	text := reply.Text
	if !reply.Refused() {
		err := x.on(cmd.UUID, func(x *Exec) error { return x.call.audioStream(x, &cmd) })
		if err == nil {
			return audiostream.OK
		}
		why, text = err.Error(), audiostream.Failed
	}
	x.Log().Warn().Str("command", name).Str("uuid", cmd.UUID).Str("verb", cut(cmd.Verb, 100)).Str("reason", why).Msg("api command refused")
	x.tellRefused(cmd.UUID, streamName(&cmd), why)
	return text
}

// tellRefused tells a call's script why a command about one of its streams was
// refused, which the reply does not say.
func (x *Exec) tellRefused(uuid, stream, why string) {
	_ = x.on(uuid, func(x *Exec) error {
		x.call.emit(&Event{Name: EventStreamError, Fields: []Field{
			{"name", stream}, {"code", int64(0)}, {"error", why}, {"http_status", int64(0)},
		}})
		return nil
	})
}

func (c *Call) audioStream(x *Exec, cmd *audiostream.Command) error {
	if cmd.Verb == audiostream.Start {
		return c.startAudioStream(x, cmd)
	}
	find := c.stream
	if cmd.Verb == audiostream.Stop || cmd.Verb == audiostream.StopPlay {
		find = c.audible
	}
	s, err := find(streamName(cmd))
	if err != nil {
		return err
	}
	switch cmd.Verb {
	case audiostream.Stop:
		s.halt(cmd.Text)
	case audiostream.SendText:
		return s.say(cmd.Text)
	case audiostream.Pause, audiostream.Resume:
		s.pause(cmd.Verb == audiostream.Pause)
	case audiostream.Shutdown:
		return s.shutdown()
	case audiostream.StopPlay:
		if !s.waiting() {
			s.life.playout.Clear(true)
		}
	default:
		return fmt.Errorf("unknown verb %q", cmd.Verb)
	}
	return nil
}

// startAudioStream starts a stream. A call that is not answered gets early media
// first, as the module pre-answers its channel.
func (c *Call) startAudioStream(x *Exec, cmd *audiostream.Command) error {
	verb, _ := Lookup("stream_start")
	args := map[string]any{
		"url": cmd.URL.String(), "name": streamName(cmd), "mix": cmd.Mix, "rate": int64(cmd.Rate), "metadata": cmd.Text,
	}
	if cmd.Raw || cmd.Play {
		args["playback"] = true
	}
	if cmd.PlayRate > 0 {
		args["play_rate"] = int64(cmd.PlayRate)
	}
	if cmd.Fork {
		c.forkArguments(args)
	}
	a, err := verb.Bind(nil, args)
	if err != nil {
		return err
	}
	kind, set, err := c.streamSettings(x, a)
	if err != nil {
		return err
	}
	if c.leg == nil && c.state < answered && c.dialog != nil && len(c.dialog.Invite().SDP()) > 0 {
		if err := c.ring(183, "Session Progress", true); err != nil {
			return err
		}
	}
	return c.startStream(streamName(cmd), kind, set)
}

// streamName is the stream that a command is about.
func streamName(cmd *audiostream.Command) string {
	if cmd.Name != "" {
		return cmd.Name
	}
	return defaultStream
}
