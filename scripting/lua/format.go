package lua

import (
	"fmt"
	"math"
	"strings"

	glua "github.com/yuin/gopher-lua"
)

// strFormat is string.format with the conversions of Lua 5.1; width and
// precision have two digits at most, as there.
func (s *State) strFormat(L *glua.LState) int {
	format := L.CheckString(1)
	var out strings.Builder
	arg := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			out.WriteByte(format[i])
			continue
		}
		i++
		if i < len(format) && format[i] == '%' {
			out.WriteByte('%')
			continue
		}
		end := specEnd(format, i)
		if end < 0 {
			L.RaiseError("invalid conversion '%%%s' to 'format'", format[i:min(i+8, len(format))])
		}
		arg++
		s.converted(L, &out, format[i:end], format[end], arg)
		i = end
		s.spend(L, 4)
	}
	s.build(L, out.Len())
	L.Push(glua.LString(out.String()))
	return 1
}

// specEnd returns where the letter of a conversion is, -1 when flags, width or
// precision are too long.
func specEnd(format string, i int) int {
	i = skip(format, i, "-+ #0", 5)
	i = skip(format, i, "0123456789", 2)
	if i < len(format) && format[i] == '.' {
		i = skip(format, i+1, "0123456789", 2)
	}
	if i >= len(format) || strings.IndexByte("diucxXoeEfgGqs", format[i]) < 0 {
		return -1
	}
	return i
}

func skip(text string, i int, set string, most int) int {
	for n := 0; n < most && i < len(text) && strings.IndexByte(set, text[i]) >= 0; n++ {
		i++
	}
	return i
}

// converted writes one conversion. A text is not copied before it is known to fit.
func (s *State) converted(L *glua.LState, out *strings.Builder, flags string, letter byte, arg int) {
	var text string
	if letter == 's' {
		text = L.ToStringMeta(L.CheckAny(arg)).String()
		s.fits(L, out, text)
		if flags != "" {
			text = fmt.Sprintf("%"+flags+"s", text)
		}
	} else {
		text = s.conversion(L, flags, letter, arg)
	}
	s.fits(L, out, text)
	out.WriteString(text)
}

func (s *State) fits(L *glua.LState, out *strings.Builder, text string) {
	if size := out.Len() + len(text); size > s.limits.String {
		s.build(L, size)
	}
}

func (s *State) conversion(L *glua.LState, flags string, letter byte, arg int) string {
	spec := "%" + flags
	switch letter {
	case 'd', 'i':
		return fmt.Sprintf(spec+"d", int64(L.CheckNumber(arg)))
	case 'u':
		return fmt.Sprintf(spec+"d", uint64(int64(L.CheckNumber(arg))))
	case 'x', 'X', 'o':
		return fmt.Sprintf(spec+string(letter), uint64(int64(L.CheckNumber(arg))))
	case 'c':
		return fmt.Sprintf(spec+"s", string([]byte{byte(L.CheckInt(arg))}))
	case 'q':
		return quote(L.CheckString(arg))
	}
	return float(spec, letter, float64(L.CheckNumber(arg)))
}

func float(spec string, letter byte, f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if (letter == 'g' || letter == 'G') && !strings.Contains(spec, ".") {
		spec += ".6"
	}
	return fmt.Sprintf(spec+string(letter), f)
}

// quote writes a string so that Lua reads it back.
func quote(str string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(str) {
		switch c := str[i]; c {
		case '"', '\\', '\n':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '\r':
			b.WriteString(`\r`)
		case 0:
			b.WriteString(`\000`)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
