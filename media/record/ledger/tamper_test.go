package ledger_test

import (
	"crypto/ed25519"
	"os"
	"slices"
	"strings"
	"testing"

	"rms/media/record/ledger"
)

func TestVerifyFindsNothingWhereNothingWasTouched(t *testing.T) {
	t.Parallel()
	s := newStore(t, 5)
	s.must(os.WriteFile(s.path("a/README"), []byte("x"), 0o640))
	r := s.inOrder()
	if r.Files != 5 || r.Entries != 6 || r.Others != 1 || r.Head != s.l.Head().String() || r.Bytes == 0 {
		t.Errorf("report %+v", r)
	}
}

// TestVerifyNamesTampering alters files as somebody would, and looks for the fault.
func TestVerifyNamesTampering(t *testing.T) {
	t.Parallel()
	rename := func(s *store, from, to string) {
		s.must(os.Rename(s.path(from), s.path(to)))
	}
	for _, c := range []struct {
		name string
		do   func(s *store)
		want []string
	}{
		{"altered byte", func(s *store) { s.flip("a/rec-1.wav", 50) }, []string{`altered: "a/rec-1.wav"`}},
		{"altered first byte", func(s *store) { s.flip("a/rec-1.wav", 0) }, []string{`altered: "a/rec-1.wav"`}},
		{"cut off", func(s *store) { s.must(os.Truncate(s.path("a/rec-1.wav"), 100)) }, []string{`cut_off: "a/rec-1.wav"|100 of the 1100 bytes`}},
		{"emptied", func(s *store) { s.must(os.Truncate(s.path("a/rec-1.wav"), 0)) }, []string{`cut_off: "a/rec-1.wav"|0 of the 1100`}},
		{"longer", func(s *store) { s.must(os.Truncate(s.path("a/rec-1.wav"), 1101)) }, []string{`longer: "a/rec-1.wav"|1101 bytes`}},
		{"removed", func(s *store) { s.must(os.Remove(s.path("a/rec-1.wav"))) }, []string{`removed: "a/rec-1.wav"`}},
		{"removed with sidecar", func(s *store) {
			s.must(os.Remove(s.path("a/rec-1.wav")))
			s.must(os.Remove(s.path("a/rec-1.wav.json")))
		}, []string{`removed: "a/rec-1.wav"|and so is its sidecar`}},
		{"removed folder", func(s *store) { s.must(os.RemoveAll(s.path("a"))) }, []string{`removed: "a/rec-0.wav"`, `removed: "a/rec-1.wav"`, `removed: "a/rec-2.wav"`}},
		{"removed sidecar", func(s *store) { s.must(os.Remove(s.path("a/rec-1.wav.json"))) }, []string{`sidecar_removed: "a/rec-1.wav"`}},
		{"altered sidecar", func(s *store) { s.flip("a/rec-1.wav.json", 60) }, []string{`sidecar_altered: "a/rec-1.wav"`}},
		{"broken sidecar", func(s *store) { s.must(os.WriteFile(s.path("a/rec-1.wav.json"), []byte(`{"version":`), 0o640)) }, []string{`sidecar_altered: "a/rec-1.wav"|unexpected end`}},
		{"deep sidecar", func(s *store) {
			s.must(os.WriteFile(s.path("a/rec-1.wav.json"), []byte(strings.Repeat("[", 1<<20)), 0o640))
		}, []string{`sidecar_altered: "a/rec-1.wav"|max depth`}},
		{"huge sidecar", func(s *store) { s.must(os.Truncate(s.path("a/rec-1.wav.json"), 1<<30)) }, []string{`sidecar_altered: "a/rec-1.wav"|too large`}},
		{"renamed", func(s *store) {
			rename(s, "a/rec-1.wav", "a/other.wav")
			rename(s, "a/rec-1.wav.json", "a/other.wav.json")
		}, []string{`renamed: "a/rec-1.wav"|"a/other.wav"`}},
		{"renamed, sidecar left", func(s *store) { rename(s, "a/rec-1.wav", "a/other.wav") }, []string{`renamed: "a/rec-1.wav"|"a/other.wav"`}},
		{"swapped", func(s *store) {
			rename(s, "a/rec-1.wav", "a/x")
			rename(s, "a/rec-2.wav", "a/rec-1.wav")
			rename(s, "a/x", "a/rec-2.wav")
		}, []string{`swapped: "a/rec-1.wav"|"a/rec-2.wav"`, `swapped: "a/rec-2.wav"|"a/rec-1.wav"`}},
		{"swapped sidecars", func(s *store) {
			rename(s, "a/rec-1.wav.json", "a/x")
			rename(s, "a/rec-2.wav.json", "a/rec-1.wav.json")
			rename(s, "a/x", "a/rec-2.wav.json")
		}, []string{`sidecar_altered: "a/rec-1.wav"|that of "a/rec-2.wav"`, `sidecar_altered: "a/rec-2.wav"|that of "a/rec-1.wav"`}},
		{"foreign file", func(s *store) { s.must(os.WriteFile(s.path("a/planted.wav"), []byte("RIFF"), 0o640)) }, []string{`foreign: "a/planted.wav"`}},
		{"foreign sidecar", func(s *store) { s.must(os.WriteFile(s.path("a/planted.wav.json"), []byte("{}"), 0o640)) }, []string{`foreign: "a/planted.wav"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 3)
			c.do(s)
			s.finds(s.verify(ledger.VerifyOptions{}), c.want...)
		})
	}
}

// flip changes one bit of a file.
func (s *store) flip(name string, at int) {
	s.t.Helper()
	text, err := os.ReadFile(s.path(name))
	s.must(err)
	text[at] ^= 1
	s.must(os.WriteFile(s.path(name), text, 0o640))
}

// TestVerifyNamesTamperingWithTheChain: entry 1 begins the chain, entry 2 is rec-0.
func TestVerifyNamesTamperingWithTheChain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit func(lines []string) []string
		want []string
	}{
		{"line removed", func(l []string) []string { return slices.Delete(l, 2, 3) }, []string{"chain_removed: entry 3 is missing", `foreign: "a/rec-1.wav"`}},
		{"two lines removed", func(l []string) []string { return slices.Delete(l, 2, 4) }, []string{"chain_removed: entries 3 to 4 are missing", `foreign: "a/rec-1.wav"`, `foreign: "a/rec-2.wav"`}},
		{"first line removed", func(l []string) []string { return l[1:] }, []string{"chain_removed: entry 1 is missing"}},
		{"line altered", func(l []string) []string { l[2] = strings.Replace(l[2], "1100", "1101", 1); return l }, []string{"chain_altered: line 3|entry 3", `foreign: "a/rec-1.wav"|line 3, was altered`}},
		{"signature altered", func(l []string) []string { l[2] = l[2][:len(l[2])-20] + "AAAA" + l[2][len(l[2])-16:]; return l }, []string{"chain_altered: line 3", `foreign: "a/rec-1.wav"`}},
		{"line broken", func(l []string) []string { l[2] = "{]"; return l }, []string{"chain_altered: line 3|not an entry", `foreign: "a/rec-1.wav"`}},
		{"line emptied", func(l []string) []string { l[2] = ""; return l }, []string{"chain_altered: line 3", `foreign: "a/rec-1.wav"`}},
		{"long line put in", func(l []string) []string { return slices.Insert(l, 2, strings.Repeat("x", 3<<20)) }, []string{"chain_altered: line 3|3145729 bytes"}},
		{"deep line put in", func(l []string) []string { return slices.Insert(l, 2, strings.Repeat("[", 60000)) }, []string{"chain_altered: line 3"}},
		{"reordered", func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }, []string{"chain_order: line 4: entry 3 stands behind entry 4"}},
		{"line doubled", func(l []string) []string { return append(l, l[2]) }, []string{"chain_order: line 7: entry 3 stands in the chain a second time"}},
		{"last line removed", func(l []string) []string { return l[:5] }, []string{`foreign: "a/rec-4.wav"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 5)
			s.editChain(c.edit)
			s.finds(s.verify(ledger.VerifyOptions{}), c.want...)
		})
	}
}

func TestVerifySeesACutTailAgainstAKnownHead(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3)
	s.must(s.l.Access("id", "a/rec-0.wav", "ann", "play", "complaint"))
	head := s.l.Head()
	s.must(s.l.Access("id", "a/rec-0.wav", "bob", "play", ""))
	r := s.verify(ledger.VerifyOptions{Head: head})
	s.finds(r)
	if !r.HeadGiven || r.Behind != 1 {
		t.Errorf("head given %v, %d entries behind it", r.HeadGiven, r.Behind)
	}
	s.editChain(func(l []string) []string { return l[:4] })
	s.finds(s.verify(ledger.VerifyOptions{}))
	s.finds(s.verify(ledger.VerifyOptions{Head: head}), "chain_cut: it ends at entry 4, the head that was given is entry 5: what lies between was cut off")
	s.finds(s.verify(ledger.VerifyOptions{Head: ledger.Head{Hash: head.Hash}}), "chain_cut: no line has the head")
}

func TestVerifySeesAChainOfAnotherKey(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2)
	kept := s.l.Public()
	head := s.l.Head()
	// Somebody alters a file and makes the books anew, with a key of his own.
	s.must(s.l.Close())
	s.must(os.RemoveAll(s.path(".rms")))
	s.open()
	s.record("a/rec-0.wav")
	s.must(os.WriteFile(s.path("a/rec-1.wav"), []byte("forged"), 0o640))
	s.must(s.l.Append(sidecar("a/rec-1.wav", []byte("forged"), s.now)))
	s.inOrder() // with the key that lies beside, it is
	r := s.verify(ledger.VerifyOptions{Public: kept})
	s.finds(r, "chain_altered: line 1", "chain_altered: line 2", "chain_altered: line 3", `foreign: "a/rec-0.wav"`, `foreign: "a/rec-1.wav"`)
	r = s.verify(ledger.VerifyOptions{Head: head})
	s.finds(r, "chain_cut: no line has the head")
}

func TestVerifySaysWhenTheChainIsGone(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1)
	s.must(s.l.Close())
	s.must(os.Remove(s.path(".rms/chain.jsonl")))
	s.finds(s.verify(ledger.VerifyOptions{}), "chain_missing")
}

func TestPublicKeysInBothForms(t *testing.T) {
	t.Parallel()
	s := newStore(t, 0)
	text, err := os.ReadFile(s.path(".rms/key.pub"))
	s.must(err)
	got, err := ledger.ParsePublic(text)
	if err != nil || !got.Equal(s.l.Public()) {
		t.Errorf("key.pub: %v, %v", got, err)
	}
	got, err = ledger.ParsePublic([]byte("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n")) // RFC 8032, test 1
	if err != nil || len(got) != ed25519.PublicKeySize {
		t.Errorf("base64: %v, %v", got, err)
	}
	for _, bad := range []string{"", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", strings.Replace(string(text), "PUBLIC", "PRIVATE", 2)} {
		if _, err := ledger.ParsePublic([]byte(bad)); err == nil {
			t.Errorf("%q is no key, and was read", bad)
		}
	}
	if info, _ := os.Stat(s.path(".rms/key")); info.Mode().Perm() != 0o600 {
		t.Errorf("the private key has mode %v", info.Mode())
	}
}
