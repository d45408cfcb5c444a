package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Entry is one line of the chain. It names no party and no number: what a sidecar says of
// people goes with the sidecar, the chain keeps its hash only.
type Entry struct {
	Seq     uint64    `json:"seq"` // from 1, no number is left out
	Kind    Kind      `json:"kind"`
	At      time.Time `json:"at"`
	ID      string    `json:"id,omitempty"`
	File    string    `json:"file,omitempty"`
	Bytes   int64     `json:"bytes,omitempty"`
	SHA256  string    `json:"sha256,omitempty"`  // of the audio file
	Tail    string    `json:"tail,omitempty"`    // SHA-256 of the tail that a crash left of an encrypted one
	Sidecar string    `json:"sidecar,omitempty"` // SHA-256 of the sidecar
	State   State     `json:"state,omitempty"`
	Who     string    `json:"who,omitempty"`
	What    string    `json:"what,omitempty"` // of an access: play, export, delete
	Why     string    `json:"why,omitempty"`
	Public  string    `json:"public,omitempty"` // key of the chain, base64, in its first entry
	Prev    string    `json:"prev"`             // SHA-256 of the line before, without its line break
}

// Kind is what an entry tells.
type Kind string

// Kinds of entries.
const (
	KindStart     Kind = "start"     // the chain begins
	KindRecording Kind = "recording" // a file is whole: its hash, and that of its sidecar
	KindUpdate    Kind = "update"    // the sidecar has changed: an upload
	KindReopen    Kind = "reopen"    // audio is being added to the file
	KindTombstone Kind = "tombstone" // the file was removed on purpose
	KindHold      Kind = "hold"      // legal hold
	KindRelease   Kind = "release"   // its end
	KindAccess    Kind = "access"    // somebody did something with the recording
	KindRepair    Kind = "repair"    // half a line was cut off after a crash
)

// maxLine is the length of the longest line of a chain; ours have about 600 bytes.
const maxLine = 64 << 10

// maxText is how much of a name or reason an entry keeps, in bytes.
const maxText = 1000

// noPrev stands for the line before the first.
var noPrev = strings.Repeat("0", 64)

// sigMark stands between what is signed and the signature: the signature covers the bytes
// of the line before the mark.
const sigMark = `,"sig":"`

// sigTail is the length of the mark, the signature in base64, and what closes the line.
const sigTail = len(sigMark) + 88 + len(`"}`)

// errSignature says that a line was not signed by the key at hand.
var errSignature = errors.New("the signature does not fit")

// sign returns the line of an entry, without its line break.
func (e *Entry) sign(key ed25519.PrivateKey) ([]byte, error) {
	e.Who, e.What, e.Why = short(e.Who), short(e.What), short(e.Why)
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("write entry: %w", err)
	}
	body = body[:len(body)-1]
	sig := base64.StdEncoding.EncodeToString(ed25519.Sign(key, body))
	line := append(body, sigMark+sig+`"}`...)
	if len(line) > maxLine {
		return nil, fmt.Errorf("entry of %d bytes for %.80q: %w, at most %d", len(line), e.File, errTooLarge, maxLine)
	}
	return line, nil
}

// short cuts a text at a whole character.
func short(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "..."
}

// ParseEntry reads a line of a chain and checks its signature. An entry comes back also
// when only the signature is wrong: it is what the line claims.
func ParseEntry(line []byte, public ed25519.PublicKey) (*Entry, error) {
	if len(line) > maxLine {
		return nil, fmt.Errorf("line of %d bytes: %w, there are at most %d", len(line), errTooLarge, maxLine)
	}
	e, err := parseUnsigned(line)
	if err == nil && !signed(line, public) {
		err = errSignature
	}
	return e, err
}

// signed checks the signature of a line.
func signed(line []byte, public ed25519.PublicKey) bool {
	cut := len(line) - sigTail
	if cut <= 0 || len(line) > maxLine || !bytes.HasPrefix(line[cut:], []byte(sigMark)) || !bytes.HasSuffix(line, []byte(`"}`)) {
		return false
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(string(line[cut+len(sigMark) : len(line)-2]))
	return err == nil && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, line[:cut], sig)
}

// parseUnsigned reads a line without a look at its signature.
func parseUnsigned(line []byte) (*Entry, error) {
	e := &Entry{}
	if err := json.Unmarshal(line, e); err != nil {
		return nil, fmt.Errorf("not an entry: %w", err)
	}
	return e, nil
}
