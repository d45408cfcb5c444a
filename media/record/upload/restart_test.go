package upload_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/media/record/upload"
)

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	return b
}

// child is the program of TestUploadsSurviveKilling: it uploads what lies in a folder
// until it is killed.
func child(dir, endpoint string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		panic(err)
	}
	q, err := upload.Open(upload.Options{
		Root: root, To: upload.Target{URL: "s3://calls/of/2026", Endpoint: endpoint, AccessKey: accessKey, SecretKey: secretKey},
		Pause: 10 * time.Millisecond, MaxPause: 50 * time.Millisecond, PartSize: 10_000, Events: printer{},
	})
	if err != nil {
		panic(err)
	}
	var id string
	for { // ids come from standard input
		if _, err := fmt.Scanln(&id); err != nil {
			select {}
		}
		info, err := os.Stat(filepath.Join(dir, id+".wav"))
		if err != nil {
			panic(err)
		}
		if err := q.Add(upload.Item{ID: id, File: id + ".wav", Sidecar: id + ".wav.json", Bytes: info.Size()}); err != nil {
			panic(err)
		}
		fmt.Println("added", id)
	}
}

type printer struct{}

func (printer) Uploaded(d upload.Delivery) { fmt.Println("uploaded", d.ID) }
func (printer) Failed(f upload.Failure)    { fmt.Println("failed", f.ID) }

// TestUploadsSurviveKilling is the restart-upload run: the server is away, the program is
// killed twice, then the server comes and everything arrives.
func TestUploadsSurviveKilling(t *testing.T) {
	t.Parallel()
	p, s := newPlace(t, t.TempDir()), newStorage(t)
	address := deadAddress(t)
	const n = 5
	want := map[string][]byte{}
	var ids []string
	for k := range n {
		id := fmt.Sprint("r", k)
		_, want[id] = p.record(id, 15_000+k)
		ids = append(ids, id)
	}
	run := func(feed string, until string, times int) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "UPLOAD_CHILD="+p.dir, "UPLOAD_ENDPOINT=http://"+address)
		cmd.Stdin = strings.NewReader(feed)
		out, err := cmd.StdoutPipe()
		must(t, err)
		cmd.Stderr = os.Stderr
		must(t, cmd.Start())
		defer func() {
			_ = cmd.Process.Kill() // SIGKILL
			_, _ = io.Copy(io.Discard, out)
			_ = cmd.Wait()
		}()
		timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		var line string
		var rest strings.Builder
		for buf := make([]byte, 1); times > 0; {
			if _, err := out.Read(buf); err != nil {
				t.Fatalf("the program ended before it said %q: %s", until, rest.String())
			}
			if rest.Write(buf); buf[0] != '\n' {
				line += string(buf)
				continue
			}
			if strings.HasPrefix(line, until) {
				times--
			}
			line = ""
		}
	}
	run(strings.Join(ids, "\n")+"\n", "added", n) // killed while the server is away
	for _, id := range ids {
		if !p.queued(id) {
			t.Fatalf("%s is not on the disk though Add returned", id)
		}
	}
	run("", "failed", 3) // again
	l, err := net.Listen("tcp", address)
	must(t, err)
	back := httptest.NewUnstartedServer(s.handler())
	back.Listener.Close()
	back.Listener = l
	back.Start()
	defer back.Close()
	for n := 2; n < 4; n++ { // killed in the middle: only the first two or three get through
		s.does(func(w http.ResponseWriter, r *http.Request) bool {
			stop := r.URL.Query().Get("partNumber") == "2" && !slices.Contains(ids[:n], path.Base(strings.TrimSuffix(r.URL.Path, ".wav")))
			if stop {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return stop
		})
		run("", "uploaded", 4-n) // two, then the next
	}
	s.does(nil)
	e := &told{}
	to := s.target()
	to.Endpoint = "http://" + address
	p.open(to, e)
	eventually(t, "the queue to be empty", func() bool {
		for _, id := range ids {
			if p.queued(id) {
				return false
			}
		}
		return true
	})
	for id, b := range want {
		same(t, id, s.object(t, "of/2026/"+id+".wav"), b)
		same(t, id+" sidecar", s.object(t, "of/2026/"+id+".wav.json"), read(t, p.dir, id+".wav.json"))
	}
}

func TestAServerThatWasAwayGetsEverythingWhenItIsBack(t *testing.T) {
	t.Parallel()
	p, e := newPlace(t, t.TempDir()), &told{}
	address := deadAddress(t)
	to := upload.Target{URL: "s3://calls/of/2026", Endpoint: "http://" + address, AccessKey: accessKey, SecretKey: secretKey}
	q := p.open(to, e)
	const n = 30
	for k := range n {
		i, _ := p.record(fmt.Sprint("r", k), 1000)
		must(t, q.Add(i))
	}
	eventually(t, "failures", func() bool { return len(e.failures()) > 5 })
	for _, f := range e.failures() {
		if f.Next.IsZero() {
			t.Errorf("given up: %v", f.Err)
		}
	}
	if st := q.Stats(); st.Waiting+st.Uploading != n || st.Failed != 0 {
		t.Errorf("%+v", st)
	}
	s := newStorage(t)
	l, err := net.Listen("tcp", address)
	must(t, err)
	back := httptest.NewUnstartedServer(s.handler())
	back.Listener.Close()
	back.Listener = l
	back.Start()
	defer back.Close()
	eventually(t, "all deliveries", func() bool { return len(e.deliveries()) == n })
	if s.top > 4 {
		t.Errorf("%d requests at one time", s.top)
	}
}
