package recordcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"rms/cmd/rms/ctl"
	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/record/waveform"
)

// server is the recordings of a server that runs.
type server struct {
	c  *ctl.Client
	by string
}

// page is how many recordings are asked for at a time, and everyRecording how many in all.
const (
	page           = 1000
	everyRecording = 100000
)

// answers tells whether somebody is there.
func (s *server) answers(ctx context.Context) bool { return s.c.Get(ctx, "/v1/version", nil) == nil }

func (s *server) close() { s.c.Close() }

func (s *server) list(ctx context.Context, q query) ([]shelf.Summary, int, error) {
	v := url.Values{}
	for name, value := range map[string]string{"id": q.id, "file": q.file, "call": q.call, "state": q.state} {
		if value != "" {
			v.Set(name, value)
		}
	}
	for name, text := range map[string]string{"from": q.from, "to": q.to} {
		t, err := timeOf("--"+name, text, name == "to")
		if err != nil {
			return nil, 0, err
		}
		if !t.IsZero() {
			v.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	var all []shelf.Summary
	for {
		var answer struct {
			Recordings []shelf.Summary `json:"recordings"`
			Total      int             `json:"total"`
			Next       string          `json:"next"`
		}
		v.Set("limit", strconv.Itoa(min(page, q.limit-len(all))))
		if err := s.c.Get(ctx, "/v1/recordings?"+v.Encode(), &answer); err != nil {
			return nil, 0, err
		}
		all = append(all, answer.Recordings...)
		if answer.Next == "" || len(all) >= q.limit || len(answer.Recordings) == 0 {
			return all, max(answer.Total, len(all)), nil
		}
		v.Set("after", answer.Next)
	}
}

func (s *server) find(ctx context.Context, ref string) (*ledger.Sidecar, error) {
	if ref != "last" {
		rec, err := s.get(ctx, ref)
		var answer *ctl.Error
		if !errors.As(err, &answer) || answer.Status != http.StatusNotFound {
			return rec, err
		}
	}
	q := query{limit: 1}
	switch {
	case ledger.IsAudio(ref):
		q = query{file: ref, limit: someIDs}
	case ref != "last":
		q = query{id: ref, limit: someIDs}
	}
	all, _, err := s.list(ctx, q)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range all {
		if !ledger.IsAudio(ref) || all[i].File == ref {
			ids = append(ids, all[i].ID)
		}
	}
	if len(ids) == 1 {
		return s.get(ctx, ids[0])
	}
	return nil, ambiguous(ref, s.c.Place(), ids)
}

func (s *server) get(ctx context.Context, id string) (*ledger.Sidecar, error) {
	var rec ledger.Sidecar
	if err := s.c.Get(ctx, ctl.RecordingPath(id, ""), &rec); err != nil {
		return nil, err
	}
	return &rec, nil
}

// audio fetches a recording into a file that has no name.
func (s *server) audio(ctx context.Context, rec *ledger.Sidecar, _ string, progress func(done, total int64)) (*audio, error) {
	tail, err := s.tail(ctx, rec) // before the audio, which may grow
	if err != nil {
		return nil, err
	}
	body, size, err := s.c.Download(ctx, ctl.RecordingPath(rec.ID, "audio"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	f, err := os.CreateTemp("", "rms-recording-*")
	if err != nil {
		return nil, fmt.Errorf("keep the recording: %w", err)
	}
	_ = os.Remove(f.Name())
	n, err := io.Copy(f, &counted{body, 0, size, progress})
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("fetch the recording from %s: %w", s.c.Place(), err)
	}
	return &audio{ReaderAt: f, size: n, tail: tail, done: func() { _ = f.Close() }}, nil
}

// maxTail is more than any tail has.
const maxTail = 4 << 20

// tail fetches what a crash left beside an encrypted recording; nil when there is none.
func (s *server) tail(ctx context.Context, rec *ledger.Sidecar) ([]byte, error) {
	if !strings.HasSuffix(rec.File, ".age") {
		return nil, nil
	}
	body, _, err := s.c.Download(ctx, ctl.RecordingPath(rec.ID, "audio")+"?part=tail")
	var answer *ctl.Error
	if errors.As(err, &answer) && answer.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	text, err := io.ReadAll(io.LimitReader(body, maxTail+1))
	if err == nil && len(text) > maxTail {
		err = fmt.Errorf("it has more than %d bytes", maxTail)
	}
	if err != nil {
		return nil, fmt.Errorf("fetch the tail of the recording from %s: %w", s.c.Place(), err)
	}
	return text, nil
}

// counted tells how much was read.
type counted struct {
	io.Reader
	done, total int64
	tell        func(done, total int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.done += int64(n); c.tell != nil {
		c.tell(c.done, c.total)
	}
	return n, err
}

func (s *server) overview(ctx context.Context, rec *ledger.Sidecar, progress func(done, total int64)) (*waveform.Overview, error) {
	if len(rec.EncryptedTo) > 0 {
		return nil, errEncrypted
	}
	a, err := s.audio(ctx, rec, "", progress)
	if err != nil {
		return nil, err
	}
	defer a.close()
	return waveform.Read(ctx, io.NewSectionReader(a, 0, a.size), a.size, waveform.ReadOptions{Pauses: waveform.PausesOf(rec), Progress: progress})
}

func (s *server) reason(why string) map[string]string {
	m := map[string]string{"by": s.by}
	if why != "" {
		m["why"] = why
	}
	return m
}

func (s *server) hold(ctx context.Context, id, why string) error {
	return s.c.Post(ctx, ctl.RecordingPath(id, "hold"), s.reason(why), nil)
}

func (s *server) release(ctx context.Context, id, why string) error {
	return s.c.Post(ctx, ctl.RecordingPath(id, "release"), s.reason(why), nil)
}

func (s *server) remove(ctx context.Context, id, why string) error {
	v := url.Values{"by": {s.by}}
	if why != "" {
		v.Set("why", why)
	}
	return s.c.Delete(ctx, ctl.RecordingPath(id, "")+"?"+v.Encode(), nil)
}

func (s *server) upload(ctx context.Context, id string) error {
	return s.c.Post(ctx, ctl.RecordingPath(id, "upload"), s.reason(""), nil)
}
