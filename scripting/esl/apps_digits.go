package esl

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"rms/call"
)

// digits is how keys are to be collected.
type digits struct {
	min, max, tries int
	first, inter    time.Duration
	terminators     string
	file, invalid   string
	variable        string
	pattern         *regexp.Regexp
}

// playAndGetDigits is "min max tries timeout terminators file invalid_file [variable
// [regexp [digit_timeout]]]".
func (r *run) playAndGetDigits() (func() string, error) {
	words, err := call.SplitWords(r.data)
	if err != nil {
		return nil, err
	}
	word := func(i int) string {
		if i < len(words) {
			return words[i].Text
		}
		return ""
	}
	d := &digits{terminators: word(4), file: fileOf(word(5)), invalid: fileOf(word(6)), variable: word(7)}
	if d.min, d.max, err = least(word(0), word(1)); err != nil {
		return nil, err
	}
	if d.tries, err = strconv.Atoi(word(2)); err != nil || d.tries < 1 || d.tries > 100 {
		return nil, errors.New("play_and_get_digits wants 1 to 100 tries")
	}
	if d.first, err = milliseconds(word(3)); err != nil {
		return nil, err
	}
	if d.inter = d.first; word(9) != "" {
		if d.inter, err = milliseconds(word(9)); err != nil {
			return nil, err
		}
	}
	if text := word(8); text != "" {
		if d.pattern, err = regexp.Compile("^(?:" + text + ")$"); err != nil {
			return nil, errors.New("the regular expression is none")
		}
	}
	return r.collect(d)
}

// read is "min max file variable timeout terminators".
func (r *run) read() (func() string, error) {
	words, err := call.SplitWords(r.data)
	if err != nil || len(words) < 6 {
		return nil, errors.New("read wants: min max file variable timeout terminators")
	}
	d := &digits{tries: 1, file: fileOf(words[2].Text), variable: words[3].Text, terminators: words[5].Text}
	if d.min, d.max, err = least(words[0].Text, words[1].Text); err != nil {
		return nil, err
	}
	if d.first, err = milliseconds(words[4].Text); err != nil {
		return nil, err
	}
	d.inter = d.first
	return r.collect(d)
}

func least(minimum, maximum string) (low, high int, err error) {
	low, err1 := strconv.Atoi(minimum)
	high, err2 := strconv.Atoi(maximum)
	if err1 != nil || err2 != nil || low < 0 || high < 1 || low > high || high > 64 {
		return 0, 0, errors.New("the least and the most keys are numbers up to 64")
	}
	return low, high, nil
}

func milliseconds(text string) (time.Duration, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, errors.New("a timeout is a number of milliseconds")
	}
	return min(max(time.Duration(n)*time.Millisecond, 10*time.Millisecond), time.Hour), nil //nolint:gosec // 31 bits
}

// collect begins the first try. What the caller pressed is in the variable at the end.
func (r *run) collect(d *digits) (func() string, error) {
	if strings.EqualFold(d.terminators, "none") {
		d.terminators = ""
	}
	wait, err := r.try(d)
	if call.ClassOf(err) == call.ClassState && r.verb("progress", nil) == nil {
		wait, err = r.try(d)
	}
	if err != nil {
		return nil, err
	}
	return func() string {
		for n := 1; ; n++ {
			ev := wait()
			keys, reason := textOf(ev.Get("digits")), textOf(ev.Get("reason"))
			over := reason == call.ReasonHangup || reason == call.ReasonStopped || ev.Kind == ""
			valid := len(keys) >= d.min && (d.pattern == nil || d.pattern.MatchString(keys))
			if valid || over || n >= d.tries {
				r.collected(d, keys, textOf(ev.Get("terminator")), valid)
				return ""
			}
			if d.invalid != "" {
				if heard, err := r.play(map[string]any{"file": d.invalid}); err == nil {
					heard()
				}
			}
			if wait, err = r.try(d); err != nil {
				r.collected(d, "", "", false)
				return ""
			}
		}
	}, nil
}

// try asks once.
func (r *run) try(d *digits) (func() *call.Event, error) {
	args := map[string]any{
		"min": int64(d.min), "max": int64(d.max), "terminators": d.terminators,
		"first_timeout": d.first.Seconds(), "inter_timeout": d.inter.Seconds(),
	}
	if d.file != "" {
		args["prompt"] = d.file
		r.own(d.file, 1)
	}
	wait, err := r.start("collect", args)
	if err != nil && d.file != "" {
		r.own(d.file, -1)
	}
	return wait, err
}

// collected leaves what came in the variables of the call.
func (r *run) collected(d *digits, keys, terminator string, valid bool) {
	_ = r.setVariable("read_terminator_used", terminator) // the call may be gone
	if d.variable == "" {
		return
	}
	_ = r.setVariable(d.variable+"_invalid", "")
	if !valid {
		_ = r.setVariable(d.variable+"_invalid", keys)
		keys = ""
	}
	_ = r.setVariable(d.variable, keys)
}
