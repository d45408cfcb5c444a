package call

import (
	"rms/media/wire/audiostream"
)

// rstStream is the name of the stream that uuid_rst starts.
const rstStream = "rst"

func init() {
	apis["uuid_rst"] = func(x *Exec, args string) string {
		uuid, address, reply := audiostream.ParseRST(args)
		if reply.Refused() {
			x.Log().Warn().Str("command", "uuid_rst").Str("reason", reply.Why).Msg("api command refused")
			return reply.Text
		}
		err := x.on(uuid, func(x *Exec) error { return x.call.startRST(x, address) })
		return x.rstReply("uuid_rst", uuid, err)
	}
	apis["rst_stop"] = func(x *Exec, args string) string {
		uuid, reply := audiostream.ParseRSTStop(args)
		if reply.Refused() {
			x.Log().Warn().Str("command", "rst_stop").Str("reason", reply.Why).Msg("api command refused")
			return reply.Text
		}
		err := x.on(uuid, func(x *Exec) error {
			s, err := x.call.stream(rstStream)
			if err == nil {
				s.stop("")
			}
			return err
		})
		return x.rstReply("rst_stop", uuid, err)
	}
}

func (c *Call) startRST(x *Exec, address string) error {
	verb, _ := Lookup("stream_start")
	a, err := verb.Bind(nil, map[string]any{"url": "rst://" + address, "name": rstStream})
	if err != nil {
		return err
	}
	kind, set, err := c.streamSettings(x, a)
	if err != nil {
		return err
	}
	return c.startStream(rstStream, kind, set)
}

// rstReply answers as mod_rst does.
func (x *Exec) rstReply(command, uuid string, err error) string {
	if err == nil {
		return audiostream.RSTOK
	}
	x.tellRefused(uuid, rstStream, err.Error())
	x.Log().Warn().Str("command", command).Str("uuid", cut(uuid, 100)).Str("reason", err.Error()).Msg("api command refused")
	return audiostream.RSTFailed
}
