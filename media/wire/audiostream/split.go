package audiostream

import "strings"

// split cuts a line at its blanks into at most most arguments, of which the last
// keeps the rest. Single quotes hold an argument with blanks together and a
// backslash takes the meaning of the character after it away, as in FreeSWITCH.
func split(line string, most int) []string {
	raw := cut(line, most)
	for i := range raw {
		raw[i] = clean(raw[i])
	}
	return raw
}

// cut finds the arguments and leaves quotes and backslashes in them.
func cut(line string, most int) []string {
	var args []string
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		if len(args) == most-1 {
			return append(args, line)
		}
		end := argumentEnd(line)
		args = append(args, line[:end])
		line = line[end:]
	}
	return args
}

// argumentEnd returns where the first blank outside quotes is.
func argumentEnd(line string) int {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\':
			i++
		case line[i] == '\'':
			quoted = !quoted
		case line[i] == ' ' && !quoted:
			return i
		}
	}
	return len(line)
}

// clean takes the quotes and escapes out of an argument, and the blanks after it.
// A quote without a second one stays; a backslash before a character that has no
// meaning stays too.
func clean(arg string) string {
	out := make([]byte, 0, len(arg))
	keep, quoted := 0, false
	last := strings.LastIndexByte(arg, '\'')
	for i := 0; i < len(arg); i++ {
		c := arg[i]
		switch {
		case c == '\\' && i+1 < len(arg) && escaped(arg[i+1]) != 0:
			i++
			out = append(out, escaped(arg[i]))
			keep = len(out)
		case c == '\'' && (quoted || i < last):
			quoted = !quoted
			keep = len(out)
		default:
			out = append(out, c)
			if c != ' ' || quoted {
				keep = len(out)
			}
		}
	}
	return string(out[:keep])
}

// escaped returns what a backslash and c stand for, 0 for themselves.
func escaped(c byte) byte {
	switch c {
	case '\'', '"', '\\':
		return c
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 's':
		return ' '
	}
	return 0
}
