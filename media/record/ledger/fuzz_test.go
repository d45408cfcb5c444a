package ledger_test

import (
	"bytes"
	"os"
	"testing"

	"rms/media/record/ledger"
)

// FuzzSidecar: what is read can be written and is read again as the same.
func FuzzSidecar(f *testing.F) {
	f.Add([]byte(`{"version":"rms-recording/1","id":"a","file":"a/x.wav","state":"complete","gaps":[{"at_ms":1,"length_ms":2,"reason":"loss"}]}`))
	f.Add([]byte(`{"version":"rms-recording/1","file":"x.wav","siprec":{"a":[1,{"b":null}]},"started":"2026-01-02T03:04:05.000000006Z"}`))
	f.Add([]byte(`{"version":"rms-recording/2"}`))
	f.Add(bytes.Repeat([]byte("["), 20000))
	f.Fuzz(func(t *testing.T, text []byte) {
		sc, err := ledger.ParseSidecar(text)
		if err != nil {
			return
		}
		out, err := sc.Encode()
		if err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		again, err := ledger.ParseSidecar(out)
		if err != nil {
			t.Fatalf("written, but not read: %v\n%s", err, out)
		}
		if more, err := again.Encode(); err != nil || !bytes.Equal(out, more) {
			t.Fatalf("written twice, and differs: %v\n%s\n%s", err, out, more)
		}
	})
}

// FuzzChain puts any bytes behind, or in the place of, a good chain: Verify reports, Open
// repairs or refuses, and what it repaired it can write to.
func FuzzChain(f *testing.F) {
	s := newStore(f, 2)
	s.must(s.l.Close())
	chain := mustRead(f, s.path(".rms/chain.jsonl"))
	f.Add(chain, true)
	f.Add([]byte("{\"seq\":9,\"kind\":\"tombstone\",\"file\":\"a/rec-0.wav\"}\n"), true)
	f.Add(bytes.ReplaceAll(chain, []byte("recording"), []byte("tombstone")), false)
	f.Add([]byte("\n\n\n"), false)
	f.Add([]byte{0, '\n'}, true)
	f.Fuzz(func(t *testing.T, text []byte, behind bool) {
		s := &store{t: t, dir: s.dir, root: s.root, now: day}
		if behind {
			text = append(bytes.Clone(chain), text...)
		}
		s.must(os.WriteFile(s.path(".rms/chain.jsonl"), text, 0o640))
		before := s.verify(ledger.VerifyOptions{})
		if !bytes.Equal(text, chain) && before.OK() && !behind {
			t.Errorf("a forged chain is in order")
		}
		l, err := ledger.Open(s.root, ledger.Options{})
		if err != nil {
			return
		}
		defer l.Close()
		if err := l.Access("id", "a/rec-0.wav", "ann", "play", ""); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(s.path("a/rec-0.wav")); err != nil {
			t.Fatal("a forged line removed a recording")
		}
	})
}

// FuzzHead: a head is read or refused.
func FuzzHead(f *testing.F) {
	f.Add("1:" + string(bytes.Repeat([]byte("a"), 64)))
	f.Add(":")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ledger.ParseHead(text)
		if err != nil {
			return
		}
		if again, err := ledger.ParseHead(h.String()); err != nil || again != h {
			t.Errorf("%q is %v, and that is %v, %v", text, h, again, err)
		}
	})
}
