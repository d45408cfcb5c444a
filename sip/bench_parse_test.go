package sip

import (
	"net/netip"
	"os"
	"strings"
	"testing"
)

func longInvite(b *testing.B) string {
	text, err := os.ReadFile("testdata/rfc4475/esc01.dat")
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

func BenchmarkParseAndCheck(b *testing.B) {
	text := longInvite(b)
	b.ReportAllocs()
	for b.Loop() {
		if m := parse(text); m == nil || m.check() != nil {
			b.Fatal("not accepted")
		}
	}
}

func BenchmarkPeek(b *testing.B) {
	text := []byte(longInvite(b))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := peek(text); !ok {
			b.Fatal("not seen")
		}
	}
}

// BenchmarkRefusal is the whole cost of a new call above a limit, but the system
// call.
func BenchmarkRefusal(b *testing.B) {
	u := &UA{o: Options{NewCalls: 1, PerSource: -1}.withDefaults(), admit: newAdmission()}
	f := flow{remote: netip.MustParseAddrPort("10.0.0.1:5060")}
	text := []byte(longInvite(b))
	b.ReportAllocs()
	for b.Loop() {
		g, _ := peek(text)
		if key := u.refusedBy(g, f); key != "" {
			m := parse(string(text))
			m.via = salvageVia(m.value("Via"))
			if out := u.render(m, f, answer{code: 503}); !strings.HasPrefix(string(out), "SIP/2.0 503") {
				b.Fatal("no answer")
			}
		}
	}
}
