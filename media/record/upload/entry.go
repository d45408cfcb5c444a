package upload

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Bounds of a queue file.
const (
	version   = "rms-upload/1"
	maxEntry  = 4 << 20
	maxParts  = 10000 // S3 takes no more
	maxName   = 1024  // bytes of a file's name, and of an S3 key
	maxError  = 500
	maxETag   = 256
	maxUpload = 2048
)

// State is how far a recording has come.
type State string

// States of a recording in the queue.
const (
	Live      State = "live"      // being made; parts of it may have gone already
	Waiting   State = "waiting"   // for its turn, or for the next attempt
	Uploading State = "uploading" // never in a file
	Failed    State = "failed"    // given up; Retry makes it wait again
)

// entry is what a queue file holds: one recording, until it is delivered.
type entry struct {
	Version  string    `json:"version"`
	Item     Item      `json:"item"`
	State    State     `json:"state"`
	Added    time.Time `json:"added,omitzero"`
	Attempts int       `json:"attempts,omitempty"`
	Refusals int       `json:"refusals,omitempty"`
	Error    string    `json:"error,omitempty"` // of the last attempt
	Audio    bool      `json:"audio,omitempty"` // the file has arrived
	Verified bool      `json:"verified,omitempty"`
	Tail     bool      `json:"tail,omitempty"`    // so has its tail
	Sidecar  bool      `json:"sidecar,omitempty"` // and its sidecar
	Removed  bool      `json:"removed,omitempty"`
	Sum      string    `json:"sum,omitempty"` // SHA-256 of the file that arrived
	Multi    *multi    `json:"multipart,omitempty"`
}

// multi is a multipart upload that has begun.
type multi struct {
	Upload   string `json:"upload"`
	PartSize int64  `json:"part_size"`
	Parts    []part `json:"parts,omitempty"` // those that have arrived, by number
}

type part struct {
	Number int    `json:"n"` // from 1
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	ETag   string `json:"etag"`
}

func (e *entry) encode() ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("write the queue: %w", err)
	}
	return append(b, '\n'), nil
}

// parseEntry reads a queue file. Whatever it accepts can be acted on: names stay below
// the root, sizes and numbers are in their bounds.
func parseEntry(b []byte) (*entry, error) {
	if len(b) > maxEntry {
		return nil, fmt.Errorf("it has more than %d bytes", maxEntry)
	}
	e := &entry{}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(e); err != nil {
		return nil, fmt.Errorf("it is no JSON of an upload: %w", err)
	}
	if e.Version != version {
		return nil, fmt.Errorf("it is of version %q, want %q", e.Version[:min(40, len(e.Version))], version)
	}
	switch e.State {
	case Live, Waiting, Failed:
	default:
		return nil, errors.New("its state is unknown")
	}
	if e.Attempts < 0 || e.Refusals < 0 || len(e.Error) > 2*maxError {
		return nil, errors.New("its counts are out of bounds")
	}
	if e.Sum != "" && !isSum(e.Sum) {
		return nil, errors.New("its checksum is none")
	}
	if err := e.Item.check(); err != nil {
		return nil, err
	}
	return e, e.Multi.check()
}

func (i *Item) check() error {
	if !validID(i.ID) {
		return fmt.Errorf("upload: the id %q is not made of letters, digits and ._-", i.ID[:min(len(i.ID), 128)])
	}
	if err := checkName(i.File); err != nil {
		return err
	}
	for _, name := range []string{i.Tail, i.Sidecar} {
		if name == "" {
			continue
		}
		if err := checkName(name); err != nil {
			return err
		}
	}
	if i.Bytes < 0 {
		return errors.New("upload: the size is negative")
	}
	if i.SHA256 != "" && !isSum(i.SHA256) {
		return errors.New("upload: the SHA-256 is not 64 hexadecimal digits")
	}
	return nil
}

func validID(id string) bool {
	if id == "" || len(id) > 128 || id[0] == '.' {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
}

func checkName(name string) error {
	odd := func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == '\ufffd' }
	if len(name) > maxName || name == "." || !filepath.IsLocal(name) || filepath.ToSlash(filepath.Clean(name)) != name || strings.ContainsFunc(name, odd) {
		return fmt.Errorf("upload: %q is no name of a file below the root", name[:min(len(name), 100)])
	}
	return nil
}

func isSum(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32
}

func (m *multi) check() error {
	if m == nil {
		return nil
	}
	if m.Upload == "" || len(m.Upload) > maxUpload || m.PartSize < 1 || m.PartSize > 5<<30 || len(m.Parts) > maxParts {
		return errors.New("its multipart upload is out of bounds")
	}
	last := 0
	for _, p := range m.Parts {
		if p.Number <= last || p.Number > maxParts || p.Size < 0 || p.Size > m.PartSize || !isSum(p.SHA256) || len(p.ETag) > maxETag {
			return errors.New("a part of its multipart upload is out of bounds")
		}
		last = p.Number
	}
	return nil
}

// has returns the part of a number when it has arrived with this content.
func (m *multi) has(number int, size int64, sum string) (part, bool) {
	for _, p := range m.Parts {
		if p.Number == number {
			return p, p.Size == size && p.SHA256 == sum
		}
	}
	return part{}, false
}

// put notes a part that has arrived, in its place.
func (m *multi) put(p part) {
	at := 0
	for at < len(m.Parts) && m.Parts[at].Number < p.Number {
		at++
	}
	if at < len(m.Parts) && m.Parts[at].Number == p.Number {
		m.Parts[at] = p
		return
	}
	m.Parts = append(m.Parts, part{})
	copy(m.Parts[at+1:], m.Parts[at:])
	m.Parts[at] = p
}
