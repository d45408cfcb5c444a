package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

var errEmpty = errors.New("the value is empty")

// set parses the texts of one key (several only for a list) into dst. Errors say
// what is wrong; the caller adds where, and Key.Allowed.
func (k *Key) set(dst reflect.Value, texts []string) error {
	if !k.List {
		if len(texts) != 1 {
			return errors.New("a list stands where one value belongs")
		}
		return k.setOne(dst, texts[0])
	}
	list := reflect.MakeSlice(dst.Type(), 0, len(texts))
	for i, t := range texts {
		item := reflect.New(dst.Type().Elem()).Elem()
		if err := k.setOne(item, t); err != nil {
			return err
		}
		if slices.Contains(texts[:i], t) {
			if _, secret := item.Interface().(Token); secret {
				return errors.New("a secret is in the list twice")
			}
			return fmt.Errorf("%q is in the list twice", t)
		}
		list = reflect.Append(list, item)
	}
	if len(texts) == 0 && k.Empty == "" {
		return errEmpty
	}
	dst.Set(list)
	return nil
}

func (k *Key) setOne(dst reflect.Value, text string) error {
	if text == "" {
		if k.Empty == "" || k.List {
			return errEmpty
		}
		dst.SetZero()
		return nil
	}
	switch p := dst.Addr().Interface().(type) {
	case *netip.Prefix:
		return parsePrefix(p, text)
	case *netip.Addr:
		a, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("%q is not an IP address", text)
		}
		*p = a
		return nil
	case *netip.AddrPort:
		a, err := netip.ParseAddrPort(text)
		if err != nil {
			return fmt.Errorf("%q is no address and port", text)
		}
		*p = a
		return nil
	case *time.Duration:
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		*p = d
		return k.inBounds(text, dst)
	case encoding.TextUnmarshaler:
		if err := p.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		return k.inBounds(text, dst)
	}
	return k.setPlain(dst, text)
}

// setPlain parses the kinds that have no type of their own.
func (k *Key) setPlain(dst reflect.Value, text string) error {
	switch dst.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		dst.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		dst.SetInt(int64(n))
		return k.inBounds(text, dst)
	case reflect.String:
		if len(k.One) > 0 && !slices.Contains(k.One, text) {
			return fmt.Errorf("%q is not one of the words", text)
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
			return fmt.Errorf("%q holds a control character", text)
		}
		dst.SetString(text)
	default:
		panic("config: no parser for " + dst.Type().String())
	}
	return nil
}

// inBounds compares with the tags min, max and step.
func (k *Key) inBounds(text string, v reflect.Value) error {
	lo, hi := v, v
	if r, ok := v.Interface().(DurationRange); ok {
		lo, hi = reflect.ValueOf(r.Min), reflect.ValueOf(r.Max)
	}
	if k.min != nil && whole(lo) < *k.min {
		return fmt.Errorf("%q is too small", text)
	}
	if k.max != nil && whole(hi) > *k.max {
		return fmt.Errorf("%q is too large", text)
	}
	if k.step != 0 && whole(lo)%k.step != 0 {
		return fmt.Errorf("%q is not a multiple of %d", text, k.step)
	}
	return nil
}

// whole is the number in v, which a Numeral holds as text.
func whole(v reflect.Value) int64 {
	if n, ok := v.Interface().(Numeral); ok {
		i, _ := strconv.ParseInt(string(n), 10, 64) // digits only
		return i
	}
	return v.Int()
}

// parsePrefix reads a network, or one address as the network that holds only it.
func parsePrefix(p *netip.Prefix, text string) error {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		*p = netip.PrefixFrom(a, a.BitLen())
		return nil
	}
	n, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("%q is neither an IP address nor a network", text)
	}
	*p = n.Masked()
	return nil
}

// format writes a value the way set reads it: one text, or one for each item.
func format(v reflect.Value) []string {
	if v.Kind() == reflect.Slice {
		out := make([]string, 0, v.Len())
		for i := range v.Len() {
			out = append(out, format(v.Index(i))...)
		}
		return out
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return []string{formatDuration(x)}
	case netip.AddrPort:
		if !x.IsValid() {
			return []string{""}
		}
		return []string{x.String()}
	case netip.Addr:
		if !x.IsValid() {
			return []string{""}
		}
		return []string{x.String()}
	}
	return []string{fmt.Sprint(v.Interface())}
}
