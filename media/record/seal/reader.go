package seal

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// ErrIdentity is a recording that none of the private keys opens.
var ErrIdentity = errors.New("none of the private keys opens this recording")

// Reader reads a sealed recording, complete or as a crash left it, joined with its
// tail. It is an io.ReadSeeker and an io.ReaderAt for one goroutine at a time.
type Reader struct {
	*io.SectionReader
	file   io.ReaderAt
	size   int64 // of the file
	start  int64 // of its first chunk
	aead   cipher.AEAD
	plain  int64 // bytes of the recording that the file holds
	tail   []byte
	broken error

	held  int64 // number of the chunk that is in chunk
	chunk []byte
	in    []byte
}

// Open opens a sealed recording of size bytes with one of the private keys. The tail is
// the content of the file beside it, nil when there is none.
func Open(file io.ReaderAt, size int64, tail []byte, ids []Identity) (*Reader, error) {
	header, err := age.ExtractHeader(io.NewSectionReader(file, 0, size))
	if err != nil {
		return nil, fmt.Errorf("open the sealed recording: %w", err)
	}
	env := &envelope{header: header}
	if env.key, err = unwrap(header, ids); err != nil {
		return nil, err
	}
	r := &Reader{file: file, size: size, start: int64(len(header)) + saltSize, held: -1}
	salt := make([]byte, saltSize)
	if _, err := file.ReadAt(salt, int64(len(header))); err != nil {
		return nil, fmt.Errorf("open the sealed recording: it ends in its header: %w", eof(err))
	}
	if r.aead, err = env.cipher(salt); err != nil {
		return nil, err
	}
	if err := r.measure(env, tail); err != nil {
		return nil, err
	}
	r.SectionReader = io.NewSectionReader(r.all(), 0, r.plain+int64(len(r.tail)))
	return r, nil
}

func unwrap(header []byte, ids []Identity) ([]byte, error) {
	if len(ids) == 0 {
		return nil, ErrIdentity
	}
	var keys []age.Identity
	for _, id := range ids {
		keys = append(keys, id.key)
	}
	key, err := age.DecryptHeader(header, keys...)
	if none := (*age.NoIdentityMatchError)(nil); errors.As(err, &none) {
		return nil, ErrIdentity
	}
	if err != nil {
		return nil, fmt.Errorf("open the sealed recording: %w", err)
	}
	return key, nil
}

// Complete tells whether the recording was closed, so that nothing of its end is missing.
func (r *Reader) Complete() bool { return r.broken == nil }

// Joined returns how many bytes at the end come from the tail.
func (r *Reader) Joined() int64 { return int64(len(r.tail)) }

// Broken says what is wrong with a recording that is not complete; nil when it is.
func (r *Reader) Broken() error { return r.broken }

var errUnfinished = errors.New("the recording was not closed")

// measure finds how much of the file can be read. A file whose last chunk says that it
// is the last is whole. Any other is read from where its tail begins, or from the start,
// up to what was not written as a whole.
func (r *Reader) measure(env *envelope, tail []byte) error {
	chunks := max(1, (r.size-r.start+sealedSize-1)/sealedSize)
	if text, err := r.decrypt(chunks-1, true); err == nil {
		r.plain = (chunks-1)*chunkSize + int64(len(text))
		return nil
	}
	r.broken = errUnfinished
	var from int64
	var rest []byte
	if tail != nil {
		var err error
		if from, rest, err = env.openTail(tail); err != nil {
			r.broken = fmt.Errorf("%w; %w", errUnfinished, err)
		}
	}
	first := min(from/chunkSize, chunks)
	if first > 0 { // everything before the tail was synced before it
		if _, err := r.decrypt(first-1, false); err != nil {
			first = 0
		}
	}
	for r.plain = first * chunkSize; ; r.plain += chunkSize {
		if text, err := r.decrypt(r.plain/chunkSize, false); err != nil || len(text) < chunkSize {
			break
		}
	}
	if over := r.plain - from; over >= 0 && over < int64(len(rest)) {
		r.tail = rest[over:]
	} else if over < 0 {
		r.broken = fmt.Errorf("%w; it is damaged at byte %d", errUnfinished, r.plain)
	}
	return nil
}

// decrypt reads one chunk. The result is valid until the next call.
func (r *Reader) decrypt(chunk int64, last bool) ([]byte, error) {
	at := r.start + chunk*sealedSize
	n := min(r.size-at, sealedSize)
	if n < tagSize || !last && n < sealedSize {
		return nil, io.ErrUnexpectedEOF
	}
	if r.in == nil {
		r.in = make([]byte, sealedSize)
	}
	r.held = -1
	if _, err := r.file.ReadAt(r.in[:n], at); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the sealed recording: %w", err)
	}
	number := nonce(chunk, last)
	text, err := r.aead.Open(r.chunk[:0], number[:], r.in[:n], nil)
	if err != nil {
		return nil, fmt.Errorf("the sealed recording was altered or damaged between its bytes %d and %d", at, at+n)
	}
	r.chunk, r.held = text, chunk
	return text, nil
}

func eof(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// whole reads all of the recording at any place, for the SectionReader.
type whole struct{ r *Reader }

func (r *Reader) all() io.ReaderAt { return whole{r} }

// ReadAt is part of io.ReaderAt.
func (a whole) ReadAt(p []byte, off int64) (int, error) {
	r, n := a.r, 0
	for n < len(p) && off < r.plain {
		chunk := off / chunkSize
		text := r.chunk
		if r.held != chunk {
			var err error
			last := r.broken == nil && (chunk+1)*chunkSize >= r.plain
			if text, err = r.decrypt(chunk, last); err != nil {
				return n, err
			}
		}
		c := copy(p[n:], text[off-chunk*chunkSize:])
		n, off = n+c, off+int64(c)
	}
	if over := off - r.plain; n < len(p) && over < int64(len(r.tail)) {
		n += copy(p[n:], r.tail[over:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
