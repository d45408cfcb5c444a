package ledger_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestOpenSSLChecksALine does what the docs say for those who have no rms.
func TestOpenSSLChecksALine(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"openssl", "bash", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	s := newStore(t, 2)
	cmd := exec.CommandContext(t.Context(), "bash", "-ec", `
line=$(sed -n 2p .rms/chain.jsonl)
printf %s "${line%%,\"sig\":*}" > body
printf %s "$line" | sed 's/.*,"sig":"\(.*\)"}/\1/' | base64 -d > sig
openssl pkeyutl -verify -pubin -inkey .rms/key.pub -rawin -in body -sigfile sig
printf %s "$line" | sha256sum
sed -n '$p' .rms/chain.jsonl | tr -d '\n' | sha256sum`)
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	words := strings.Fields(string(out))
	if !strings.Contains(string(out), "Verified Successfully") || words[len(words)-2] != s.l.Head().Hash {
		t.Errorf("openssl says\n%s", out)
	}
	if third := strings.Split(string(mustRead(t, s.path(".rms/chain.jsonl"))), "\n")[2]; !strings.Contains(third, `"prev":"`+words[len(words)-4]) {
		t.Errorf("%s is not before\n%s", words[len(words)-4], third)
	}
}
