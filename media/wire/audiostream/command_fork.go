package audiostream

import "strings"

// ParseFork reads the arguments of uuid_audio_fork, which is mod_audio_fork's:
//
//	<uuid> start <url> mono|mixed|stereo <rate> [bugname] [metadata] [bidir_enabled bidir_stream bidir_rate]
//	<uuid> stop [bugname] [text]
//	<uuid> send_text [bugname] <text>
//	<uuid> pause|resume|graceful-shutdown|stop_play [bugname]
//
// Where a bug name may be left out, the argument is a text when it begins with a
// brace or a bracket. Replies are those of ParseCommand.
func ParseFork(args string) (Command, Reply) {
	c, r := head(args)
	if r.Refused() {
		return c, r
	}
	switch c.Verb {
	case Start:
		return c.startFork(args)
	case Stop, SendText:
		a, rest := "", ""
		if raw := cut(args, 3); len(raw) > 2 {
			a, rest = first(raw[2])
		}
		if text := looksLikeText(a); text || c.Verb == SendText && rest == "" {
			if !text && a != "" {
				return c, refuse(NoReply, "send_text without a text")
			}
			return c.rest(split(args, 3)[2:])
		}
		c.Name = clean(a)
		return c.rest([]string{clean(rest)})
	case Pause, Resume, Shutdown, StopPlay:
		if a := split(args, 4); len(a) > 2 {
			c.Name = a[2]
		}
		return c, Reply{}
	}
	return c, refuse(Failed, "unknown verb %q", c.Verb)
}

// startFork reads a start: what follows the rate may be a bug name, metadata with
// blanks in it, and three words about audio from the server, which jambonz adds.
func (c Command) startFork(args string) (Command, Reply) {
	c.Fork = true
	a := split(args, 5)
	tail := ""
	if raw := cut(args, 6); len(raw) > 5 {
		a, tail = split(args, 6)[:5], raw[5]
	}
	name, rest := first(tail)
	if looksLikeText(name) {
		name, rest = "", tail
	}
	c.Name = clean(name)
	rest = c.bidirectional(rest, len(cut(args, 11)))
	if len(a) == 5 && rest != "" {
		a = append(a, clean(rest))
	}
	return c.start(a, CheckForkURL)
}

// bidirectional takes the three words off the end of a start's arguments, of which
// there are count, and returns what is before them.
func (c *Command) bidirectional(rest string, count int) string {
	if count < 10 {
		return rest
	}
	before, rate := last(rest)
	before, raw := last(before)
	before, play := last(before)
	hz, err := ParsePlayRate(rate)
	if err != nil || !isBool(raw) || !isBool(play) {
		return rest
	}
	c.Play, c.Raw, c.PlayRate = play == "true", raw == "true", hz
	return before
}

func isBool(s string) bool { return s == "true" || s == "false" }

// first cuts the first argument off, uncleaned.
func first(line string) (arg, rest string) {
	raw := cut(line, 2)
	switch len(raw) {
	case 0:
		return "", ""
	case 1:
		// The last argument keeps the rest, so one alone may have blanks after it.
		return strings.TrimRight(raw[0], " "), ""
	}
	return raw[0], raw[1]
}

// last cuts the last word off.
func last(line string) (rest, word string) {
	line = strings.TrimRight(line, " ")
	i := strings.LastIndexByte(line, ' ')
	return strings.TrimRight(line[:max(i, 0)], " "), line[i+1:]
}

// looksLikeText tells a text from a bug name: it is JSON, in quotes perhaps.
func looksLikeText(arg string) bool {
	arg = strings.TrimPrefix(arg, "'")
	return strings.HasPrefix(arg, "{") || strings.HasPrefix(arg, "[")
}
