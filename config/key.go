package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"time"

	"rms/config/place"
)

// Key is one line of the table of keys.
type Key struct {
	Path    string   // sip.max_calls
	Env     string   // RMS_SIP_MAX_CALLS
	Flag    string   // sip.max_calls, written --sip.max_calls
	Short   string   // second name of the flag, or ""
	Type    string   // word for people: duration, size, list of networks
	Default string   // text of the default, items of a list joined by commas
	Empty   string   // what the empty value means; "" when it is refused
	One     []string // the only words allowed, nil for any
	Allowed string   // what a value may be: "a whole number, from 1 to 1000000"
	Aliases []string // other names in the file, without the section's
	Doc     string   // sentences for people
	List    bool     // several values: commas, or the flag several times
	Bool    bool     // the flag alone means true

	index    [2]int
	min, max *int64
	step     int64
	parts    map[string]string // by alias: which part of the value it sets, "" for all
}

// section is one top-level name with its keys.
type section struct {
	name, doc string
	keys      []*Key
}

// kinds names each type of the struct and says how a value of it is spelt.
var kinds = map[reflect.Type][2]string{
	reflect.TypeFor[string]():         {"text", "text"},
	reflect.TypeFor[bool]():           {"true or false", "true or false"},
	reflect.TypeFor[int]():            {"number", "a whole number"},
	reflect.TypeFor[time.Duration]():  {"duration", "a duration such as 30s, 250ms or 1h30m"},
	reflect.TypeFor[Size]():           {"size", "a size such as 512KiB, 64MiB or 1GiB"},
	reflect.TypeFor[PortRange]():      {"range of ports", "first and last port such as 10000-29999, from 1024 to 65535, with room for an even port and the one above it"},
	reflect.TypeFor[DurationRange]():  {"range of durations", "smallest and largest duration such as 20ms-200ms"},
	reflect.TypeFor[Endpoint]():       {"endpoint", "udp://ADDRESS:PORT or tcp://ADDRESS:PORT"},
	reflect.TypeFor[netip.AddrPort](): {"address and port", "ADDRESS:PORT"},
	reflect.TypeFor[place.Place]():    {"host or network", "a host, an IP address, either with :PORT, or a network such as 10.0.0.0/8"},
	reflect.TypeFor[HostPort]():       {"host and port", "HOST:PORT"},
	reflect.TypeFor[Numeral]():        {"number", "a whole number"},
	reflect.TypeFor[Headers]():        {"JSON", "a JSON object of strings such as {\"X-Key\":\"value\"}"},
	reflect.TypeFor[netip.Addr]():     {"IP address", "an IPv4 or IPv6 address"},
	reflect.TypeFor[Token]():          {"token", "SECRET or read:SECRET, 16 to 512 of the characters A-Z a-z 0-9 . _ ~ + / - and = at the end"},
	reflect.TypeFor[Secret]():         {"secret", "a secret of 8 to 512 characters"},
	reflect.TypeFor[WebURL]():         {"URL", "http://HOST/PATH or https://HOST/PATH"},
	reflect.TypeFor[UploadURL]():      {"URL", "s3://BUCKET/PREFIX, http://HOST/PATH or https://HOST/PATH"},
	reflect.TypeFor[netip.Prefix]():   {"network", "an IP address or a network such as 10.0.0.0/8"},
}

// table is read from the tags of Config, once.
var table = sync.OnceValue(func() []section {
	var out []section
	root := reflect.TypeFor[Config]()
	for i := range root.NumField() {
		f := root.Field(i)
		name := f.Tag.Get("key")
		if name == "" {
			continue
		}
		s := section{name: name, doc: f.Tag.Get("doc")}
		for j := range f.Type.NumField() {
			s.keys = append(s.keys, newKey(name, f.Type.Field(j), [2]int{i, j}))
		}
		out = append(out, s)
	}
	return out
})

func newKey(section string, f reflect.StructField, index [2]int) *Key {
	path := section + "." + f.Tag.Get("key")
	t := f.Type
	k := &Key{
		Path: path, Env: "RMS_" + strings.ToUpper(strings.ReplaceAll(path, ".", "_")), Flag: path,
		Short: f.Tag.Get("short"), Default: f.Tag.Get("default"), Empty: f.Tag.Get("empty"), Doc: f.Tag.Get("doc"),
		List: t.Kind() == reflect.Slice, Bool: t.Kind() == reflect.Bool, index: index,
	}
	if k.List {
		t = t.Elem()
	}
	if one := f.Tag.Get("one"); one != "" {
		k.One = strings.Split(one, ",")
	}
	k.Type, k.Allowed = kinds[t][0], kinds[t][1]
	if k.List {
		k.Type = "list: " + k.Type
		k.Allowed = "a list, each " + k.Allowed
	}
	if k.One != nil {
		k.Type, k.Allowed = "word", "one of "+strings.Join(k.One, ", ")
	}
	lo, hi := f.Tag.Get("min"), f.Tag.Get("max")
	if lo != "" {
		k.min, k.max = bound(t, lo), bound(t, hi)
		k.Allowed += fmt.Sprintf(", from %s to %s", lo, hi)
	}
	if step := f.Tag.Get("step"); step != "" {
		k.step = *bound(t, step)
		k.Allowed += ", a multiple of " + step
	}
	k.setAliases(f.Tag.Get("alias"))
	if k.Empty != "" {
		k.Allowed += ", or empty for " + k.Empty
	}
	return k
}

// bound parses a tag min or max; a bad tag is a programming mistake.
func bound(t reflect.Type, text string) *int64 {
	if t == reflect.TypeFor[DurationRange]() {
		t = reflect.TypeFor[time.Duration]()
	}
	v := reflect.New(t).Elem()
	if err := new(Key).setOne(v, text); err != nil {
		panic("config: tag of Config: " + err.Error())
	}
	n := whole(v)
	return &n
}

// setAliases reads the tag alias.
func (k *Key) setAliases(tag string) {
	if tag == "" {
		return
	}
	k.parts = map[string]string{}
	for a := range strings.SplitSeq(tag, ",") {
		name, part, _ := strings.Cut(a, ":")
		k.Aliases = append(k.Aliases, name)
		k.parts[name] = part
	}
}

// Keys returns a copy of the table of keys, in the order of the documentation.
func Keys() []Key {
	var out []Key
	for _, s := range table() {
		for _, k := range s.keys {
			out = append(out, *k)
		}
	}
	return out
}

// field is where the value of a key lives in c.
func (c *Config) field(k *Key) reflect.Value {
	return reflect.ValueOf(c).Elem().Field(k.index[0]).Field(k.index[1])
}

// find returns the key with a path or a second flag name, or nil.
func find(name string) *Key {
	for _, s := range table() {
		for _, k := range s.keys {
			if k.Path == name || k.Short == name && name != "" {
				return k
			}
		}
	}
	return nil
}

// lookup returns the key with a name or an alias in the section, and which part of
// its value the alias sets: "" is all of it.
func (s *section) lookup(name string) (*Key, string) {
	for _, k := range s.keys {
		if part, alias := k.parts[name]; alias {
			return k, part
		}
		if k.Path == s.name+"."+name {
			return k, ""
		}
	}
	return nil, ""
}
