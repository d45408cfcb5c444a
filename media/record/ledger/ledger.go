package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"
)

// Folder holds the books, inside the folder of the recordings.
const Folder = ".rms"

// Files of the books.
const (
	chainFile   = Folder + "/chain.jsonl"
	keyFile     = Folder + "/key"
	publicFile  = Folder + "/key.pub"
	lockFile    = Folder + "/lock"
	pendingPath = Folder + "/pending" // sidecars that wait for their line
)

// Errors that callers branch on.
var (
	ErrLocked = errors.New("another rms writes these recordings")
	ErrHeld   = errors.New("under legal hold")
	ErrClosed = errors.New("the ledger is closed")
)

// Options say how a ledger is kept.
type Options struct {
	Key       string           // file with the private key, PEM; empty: .rms/key inside the root. Made when missing
	Now       func() time.Time // nil: time.Now
	Committed func(Head)       // after each group of entries is on the disk; must not block
	Wait      time.Duration    // how long to wait for another process to let go; 0: 1 s
}

// Ledger writes the chain of one folder. All methods may be called from any goroutine;
// those that change something return when it is on the disk.
type Ledger struct {
	root  *os.Root
	key   ed25519.PrivateKey
	o     Options
	lock  *os.File
	chain *os.File
	notes []string

	mu    sync.Mutex
	queue []*group // entries that wait for a writer
	busy  bool     // somebody writes
	shut  bool
	head  Head
	size  int64 // of the chain, all of it on the disk

	change sync.Mutex // one change of what is there at a time: sidecars, holds, removals

	holdMu  sync.Mutex
	holds   map[string]Hold // in force, by file; nil: not read yet
	digests digests
}

// Open opens the books of a folder, begins them when there are none, and repairs what a
// crash left: Notes tells. Nobody else may have them open to write.
func Open(root *os.Root, o Options) (*Ledger, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wait == 0 {
		o.Wait = time.Second
	}
	l := &Ledger{root: root, o: o}
	if err := l.open(); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("open the books of the recordings in %q: %w", root.Name(), err)
	}
	return l, nil
}

func (l *Ledger) open() error {
	if err := l.root.MkdirAll(pendingPath, 0o750); err != nil {
		return err
	}
	var err error
	if l.lock, err = takeLock(l.root, l.o.Wait); err != nil {
		return err
	}
	if l.chain, err = openChain(l.root); err != nil {
		return err
	}
	if err := l.openKey(); err != nil {
		return err
	}
	if err := l.openTail(); err != nil {
		return err
	}
	if l.head.Seq == 0 {
		public := base64.StdEncoding.EncodeToString(l.public())
		if err := l.commit(&Entry{Kind: KindStart, Public: public}); err != nil {
			return err
		}
	}
	return l.finishPending()
}

// openChain opens the file of the chain, which must be a plain file.
func openChain(root *os.Root) (*os.File, error) {
	if info, err := root.Lstat(chainFile); err == nil && !info.Mode().IsRegular() {
		return nil, &notRegular{name: chainFile, mode: info.Mode()}
	}
	return root.OpenFile(chainFile, os.O_RDWR|os.O_CREATE, 0o640)
}

// openKey reads the key, or makes one for a chain that begins.
func (l *Ledger) openKey() error {
	info, err := l.chain.Stat()
	if err != nil {
		return err
	}
	place := l.o.Key
	if place == "" {
		place = keyFile
	}
	l.key, err = readKey(l.root, l.o.Key)
	if errors.Is(err, fs.ErrNotExist) {
		if info.Size() > 0 {
			return fmt.Errorf("the chain is there, its key %q is not: put the key back, or move %s away to begin a new chain", place, chainFile)
		}
		if l.key, err = makeKey(l.root, l.o.Key); err == nil {
			l.note("made a key: %s, public key %s in %s", place, Fingerprint(l.public()), publicFile)
		}
	}
	if err != nil {
		return fmt.Errorf("key %q: %w", place, err)
	}
	return writePublic(l.root, l.public())
}

// Close lets others open the books. It waits for what is being written.
func (l *Ledger) Close() error {
	l.mu.Lock()
	l.shut = true
	l.mu.Unlock()
	l.drain()
	var errs []error
	if l.chain != nil {
		errs = append(errs, l.chain.Close())
	}
	if l.lock != nil {
		errs = append(errs, unlock(l.lock))
	}
	l.chain, l.lock = nil, nil
	return errors.Join(errs...)
}

// Head returns the last line that is on the disk.
func (l *Ledger) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Public returns the key that signatures are checked with.
func (l *Ledger) Public() ed25519.PublicKey { return l.public() }

func (l *Ledger) public() ed25519.PublicKey {
	public, _ := l.key.Public().(ed25519.PublicKey)
	return public
}

// Notes tells what Open did: a key made, half a line cut off. For the log.
func (l *Ledger) Notes() []string { return l.notes }

func (l *Ledger) note(format string, args ...any) {
	l.notes = append(l.notes, strings.ToValidUTF8(fmt.Sprintf(format, args...), "?"))
}
