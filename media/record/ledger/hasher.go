package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"sync"
)

// hasher reads files through SHA-256 and tells how far it has come.
type hasher struct {
	progress func(Progress)
	mu       sync.Mutex
	at       Progress
}

// hashBlock is how much of a file is read at once.
const hashBlock = 256 << 10

var hashBuffers = sync.Pool{New: func() any { return new([hashBlock]byte) }}

// hash returns the SHA-256 and the length of a file.
func (h *hasher) hash(ctx context.Context, root *os.Root, name string) (sum [32]byte, size int64, err error) {
	f, _, err := openRegular(root, name)
	if err != nil {
		return sum, 0, err
	}
	defer f.Close()
	block, _ := hashBuffers.Get().(*[hashBlock]byte)
	defer hashBuffers.Put(block)
	hash := sha256.New()
	for {
		n, err := f.Read(block[:])
		hash.Write(block[:n])
		size += int64(n)
		h.tell(name, int64(n), 0)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return sum, size, err
		}
	}
	hash.Sum(sum[:0])
	return sum, size, nil
}

func (h *hasher) fileDone() { h.tell("", 0, 1) }

func (h *hasher) tell(name string, bytes int64, files int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at.Bytes += bytes
	h.at.Done += files
	if name != "" {
		h.at.File = name
	}
	if h.progress != nil {
		h.progress(h.at)
	}
}
