package record_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// readers are programs of others that must be able to read our files.
var readers = []reader{
	{"sox", "soxi", []string{"-s"}, ""},
	{"ffprobe", "ffprobe", []string{"-v", "error", "-show_entries", "stream=duration_ts", "-of", "csv=p=0"}, ""},
	{"python", "python3", []string{"-c", "import sys,wave;w=wave.open(sys.argv[1]);n=w.getnframes();w.setpos(n);w.close();print(n)"}, "RF64"},
}

type reader struct {
	name, command string
	args          []string
	lacks         string
}

// frames asks how many samples of a channel a file has. false: the program is not
// installed.
func (r reader) frames(t *testing.T, file string) (int64, bool) {
	t.Helper()
	path, err := exec.LookPath(r.command)
	if err != nil {
		return 0, false
	}
	out, err := exec.Command(path, append(r.args[:len(r.args):len(r.args)], file)...).Output()
	if err != nil {
		if head := readHead(file); r.lacks != "" && strings.Contains(r.lacks, head) {
			return 0, false
		}
		t.Errorf("%s %s: %v", r.name, file, err)
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(strings.Split(string(out), "\n")[0]), 10, 64)
	if err != nil {
		t.Errorf("%s %s: %v", r.name, file, err)
	}
	return n, true
}

func readHead(file string) string {
	out, _ := exec.Command("head", "-c", "4", file).Output()
	return string(out)
}
