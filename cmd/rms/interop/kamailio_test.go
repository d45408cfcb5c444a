//go:build linux

package interop_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// kamailio is the proxy with the configuration of testdata/kamailio.
type kamailio struct {
	*process
	dir string
}

// startKamailio runs a variant of the configuration ("", NO_RR or WITH_TOPOH) in front of
// these servers, and waits until the dispatcher's pings have found them.
func startKamailio(t *testing.T, variant string, servers ...string) *kamailio {
	t.Helper()
	need(t, "kamailio")
	dir := t.TempDir()
	for _, name := range []string{"kamailio.cfg", "dispatcher.list"} {
		data, err := os.ReadFile(filepath.Join(root, "testdata/kamailio", name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "dispatcher.list" {
			data = only(data, servers)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-DD", "-E", "-f", "kamailio.cfg", "-Y", ".", "-w", "."}
	if variant != "" {
		args = append(args, "-A", variant)
	}
	k := &kamailio{process: start(t, dir, "kamailio", args...), dir: dir}
	eventually(t, 30*time.Second, "Kamailio to answer", func() bool { return ping(kamailioAddr) != "" })
	eventually(t, 30*time.Second, "the dispatcher to find "+strings.Join(servers, ", "), func() bool {
		return !slices.ContainsFunc(servers, func(s string) bool { return k.flags(s) != "AP" })
	})
	return k
}

// only keeps the lines of a dispatcher list that name these servers.
func only(list []byte, servers []string) []byte {
	var kept []string
	for line := range strings.Lines(string(list)) {
		if slices.ContainsFunc(servers, func(s string) bool { return strings.Contains(line, "sip:"+s+" ") }) {
			kept = append(kept, line)
		}
	}
	return []byte(strings.Join(kept, ""))
}

// flags returns what the dispatcher thinks of a server: AP is active and probed, IP is
// inactive and probed, AX has not been pinged yet.
func (k *kamailio) flags(server string) string {
	out, err := exec.Command("kamcmd", "-s", "unix:"+filepath.Join(k.dir, "kamailio_ctl"), "dispatcher.list").Output()
	if err != nil {
		return ""
	}
	_, entry, found := strings.Cut(string(out), "URI: sip:"+server)
	_, entry, marked := strings.Cut(entry, "FLAGS: ")
	if !found || !marked {
		return ""
	}
	flags, _, _ := strings.Cut(entry, "\n")
	return strings.TrimSpace(flags)
}

// byes counts the BYEs that came with a Route, from either side.
func (k *kamailio) byes() int { return strings.Count(k.output(), "in-dialog BYE via Route") }

func TestKamailioAcceptsTheConfiguration(t *testing.T) {
	need(t, "kamailio")
	for _, variant := range [][]string{nil, {"-A", "NO_RR"}, {"-A", "WITH_TOPOH"}} {
		cmd := exec.Command("kamailio", append([]string{"-c", "-f", "kamailio.cfg"}, variant...)...)
		cmd.Dir = filepath.Join(root, "testdata/kamailio")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("kamailio -c %v: %v\n%s", variant, err, out)
		}
	}
}
