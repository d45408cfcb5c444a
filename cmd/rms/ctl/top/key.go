package top

import "unicode/utf8"

// Key is something that was pressed: a character, or one of the keys below.
type Key rune

// Keys that are no characters.
const (
	KeyUp Key = -1 - iota
	KeyDown
	KeyLeft
	KeyRight
	KeyPageUp
	KeyPageDown
	KeyHome
	KeyEnd
	KeyEnter
	KeyEscape
	KeyBackspace
	KeyInterrupt // Ctrl-C
	KeySuspend   // Ctrl-Z
	KeyRedraw    // Ctrl-L
	keyNone
)

// escapes are what terminals send for keys, behind ESC.
var escapes = map[string]Key{
	"[A": KeyUp, "[B": KeyDown, "[C": KeyRight, "[D": KeyLeft, "[H": KeyHome, "[F": KeyEnd,
	"OA": KeyUp, "OB": KeyDown, "OC": KeyRight, "OD": KeyLeft, "OH": KeyHome, "OF": KeyEnd,
	"[5~": KeyPageUp, "[6~": KeyPageDown, "[1~": KeyHome, "[4~": KeyEnd, "[7~": KeyHome, "[8~": KeyEnd,
}

var controls = map[byte]Key{
	'\r': KeyEnter, '\n': KeyEnter, 0x7f: KeyBackspace, 0x08: KeyBackspace, 3: KeyInterrupt, 26: KeySuspend, 12: KeyRedraw,
	0x10: KeyUp, 0x0e: KeyDown, 2: KeyPageUp, 6: KeyPageDown,
}

// maxEscape bounds a sequence.
const maxEscape = 32

// Keys takes the keys out of what a terminal sent. rest is the beginning of one that is
// not whole yet; with last nothing more comes for now, and a lone ESC is the key.
func Keys(b []byte, last bool) (keys []Key, rest []byte) {
	for len(b) > 0 {
		k, n := oneKey(b, last)
		if n == 0 {
			return keys, b
		}
		if k != keyNone {
			keys = append(keys, k)
		}
		b = b[n:]
	}
	return keys, nil
}

// oneKey reads one key and its length, 0 when it is not whole.
func oneKey(b []byte, last bool) (Key, int) {
	switch c := b[0]; {
	case c == 0x1b:
		return escape(b, last)
	case c < ' ' || c == 0x7f:
		if k, ok := controls[c]; ok {
			return k, 1
		}
		return keyNone, 1
	}
	if !utf8.FullRune(b) && !last {
		return keyNone, 0
	}
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError {
		return keyNone, n
	}
	return Key(r), n
}

// escape reads a sequence behind ESC: one of CSI or SS3, or the key alone.
func escape(b []byte, last bool) (Key, int) {
	if len(b) == 1 {
		if last {
			return KeyEscape, 1
		}
		return keyNone, 0
	}
	if b[1] != '[' && b[1] != 'O' {
		return KeyEscape, 1
	}
	for i := 2; i < len(b); i++ {
		if b[i] >= 0x40 && b[i] <= 0x7e {
			if k, ok := escapes[string(b[1:i+1])]; ok {
				return k, i + 1
			}
			return keyNone, i + 1
		}
		if b[i] < 0x20 || b[i] > 0x7e || i > maxEscape {
			return keyNone, i
		}
	}
	if last {
		return keyNone, len(b)
	}
	return keyNone, 0
}
