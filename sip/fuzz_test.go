package sip

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seeds gives a fuzz target the torture messages.
func seeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/rfc*/*.dat")
	if err != nil || len(files) == 0 {
		f.Fatal("no torture messages")
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// FuzzRequest wants that whatever comes is parsed, validated and refused without
// a panic, and that an answer is one message without smuggled lines.
func FuzzRequest(f *testing.F) {
	seeds(f)
	u := &UA{o: Options{}.withDefaults()}
	f.Fuzz(func(t *testing.T, b []byte) {
		g, ok := peek(b)
		m := parse(string(b))
		if m == nil {
			return
		}
		no := m.check()
		_ = m.sdp()
		if no == nil && m.method != "" {
			if !ok || string(g.method) != m.method {
				t.Fatalf("peek saw %q of a good %q", g.method, m.method)
			}
			if string(g.callID) != m.callID() && !strings.Contains(string(b), "\n ") && !strings.Contains(string(b), "\n\t") {
				t.Fatalf("peek saw Call-ID %q, parse %q", g.callID, m.callID())
			}
		}
		if no == nil {
			if r := u.read(m); r.callID() != m.callID() || r.cseq() != m.cseq || r.method() != m.method || string(r.body()) != m.body {
				t.Fatalf("read otherwise: %q", b)
			}
		}
		if m.method == "" {
			return
		}
		answer := u.render(m, flow{}, answer{code: 400, toTag: "t"})
		back := parse(string(answer))
		if back == nil || back.code != 400 || back.body != "" {
			t.Fatalf("answer is broken: %q", answer)
		}
		if len(back.headers) > len(m.headers)+8 {
			t.Fatalf("answer has lines of its own: %q", answer)
		}
	})
}

// FuzzFrame wants that a stream gives the same messages however it is cut, and
// that no more is kept than has come.
func FuzzFrame(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 20000 {
			return
		}
		whole, errWhole := frames(b, len(b))
		for _, step := range []int{1, 7} {
			cut, err := frames(b, step)
			if (err == nil) != (errWhole == nil) && len(cut) < len(whole) || strings.Join(cut, "|") != strings.Join(whole, "|") {
				t.Fatalf("cut at %d: %q, whole: %q", step, cut, whole)
			}
		}
	})
}

func frames(b []byte, step int) (out []string, err error) {
	var fr framer
	for len(b) > 0 {
		n := min(step, len(b))
		fr.add(b[:n])
		b = b[n:]
		for {
			fr.pings()
			text, err := fr.next()
			if err != nil {
				return out, err
			}
			if text == nil {
				break
			}
			out = append(out, string(text))
		}
	}
	return out, nil
}

// FuzzAddress wants that what ParseAddress takes is written as it was read.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		`"A \"B\"" <sip:a@b;x=y?h=1>;tag=1`, "sip:a@b;tag=2", "<sip:[::1]:5060>", `tel:+1`, "a b <sips:c>", `"`, "<", "<>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		if a.URI == "" || !strings.Contains(s, a.URI) {
			t.Fatalf("URI %q is not in %q", a.URI, s)
		}
		_, _ = a.User(), a.Host()
		if b, err := ParseAddress(quote(a.Display) + " <" + a.URI + ">"); err != nil || b.URI != a.URI {
			t.Fatalf("%q written anew: %v", s, err)
		}
	})
}
