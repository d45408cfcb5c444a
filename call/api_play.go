package call

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

func init() {
	apis["uuid_broadcast"] = func(x *Exec, args string) string {
		words, err := SplitWords(args)
		if err != nil || len(words) < 2 {
			return "-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n"
		}
		leg := "aleg"
		if len(words) > 2 {
			leg = words[2].Text
		}
		reply := x.command("uuid_broadcast", words[0].Text, func(c *Call) error { return c.broadcast(words[1].Text, leg) })
		if reply == apiOK {
			return "+OK Message sent\n"
		}
		return reply
	}
	apis["uuid_break"] = func(x *Exec, args string) string {
		id, flag := firstWord(args)
		if id == "" {
			return "-USAGE: <uuid> [all]\n"
		}
		return x.command("uuid_break", id, func(c *Call) error {
			c.breakPlays(strings.Contains(flag, "all"))
			return nil
		})
	}
	apis["uuid_send_dtmf"] = func(x *Exec, args string) string {
		id, keys := firstWord(args)
		if id == "" || keys == "" {
			return "-USAGE: <uuid> <dtmf_data>\n"
		}
		reply := x.command("uuid_send_dtmf", id, func(c *Call) error { return c.sendKeys(keys) })
		if reply == apiNoChannel {
			return apiNoSession
		}
		return reply
	}
}

// broadcast plays a file, or runs one of the few applications that make sense here.
// A call that is not answered gets early media first.
func (c *Call) broadcast(path, leg string) error {
	if strings.Contains(leg, "bleg") && !strings.Contains(leg, "aleg") {
		return errors.New("the call has no other leg")
	}
	app, file, isApp := strings.Cut(path, "::")
	if !isApp {
		file = path
	} else if name, cause, _ := strings.Cut(app, "!"); name == "hangup" {
		if cause == "" {
			cause = file
		}
		c.hangup(killed(cause))
		return nil
	} else if name != "playback" {
		return fmt.Errorf("application %q is not available here: a file, playback::file or hangup::cause", cut(name, 100))
	}
	if file == "" || len(file) > maxFileName || strings.ContainsRune(file, 0) {
		return errors.New("a file has a name of 1 to 1024 bytes")
	}
	if c.leg == nil && c.state < answered && c.dialog != nil && len(c.dialog.Invite().SDP()) > 0 {
		if err := c.ring(183, "Session Progress", true); err != nil {
			return err
		}
	}
	return c.play(&playing{file: file, loop: 1}, "queue")
}

// breakPlays stops what is heard, or all that waits too.
func (c *Call) breakPlays(all bool) {
	if all {
		c.stopPlays(ReasonStopped)
	} else if len(c.plays.queue) > 0 {
		c.end(c.plays.queue[0], ReasonStopped, nil)
	}
}

// sendKeys sends "123@200": keys, and how long each is in ms when that is given. A w
// is half a second and a W a second of silence in the original; here keys follow one
// another.
func (c *Call) sendKeys(text string) error {
	keys, length, given := strings.Cut(text, "@")
	duration := 160 * time.Millisecond
	if given {
		ms := millis(length)
		duration = min(max(time.Duration(ms)*time.Millisecond, 40*time.Millisecond), keyLongest)
	}
	if !c.leg.live() {
		return c.errState("uuid_send_dtmf needs media: uuid_answer first")
	}
	keys = strings.Map(func(r rune) rune {
		if r == 'w' || r == 'W' {
			return -1
		}
		return r
	}, keys)
	return c.leg.line.digits(strings.ToUpper(keys), duration, 80*time.Millisecond)
}
