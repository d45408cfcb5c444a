package upload

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
)

// digest holds the SHA-256 of a file and of each of its parts.
type digest struct {
	size  int64
	part  int64 // size of a part; 0: there is one only
	whole [sha256.Size]byte
	parts [][sha256.Size]byte
}

// measure reads a file once. Parts are those of one size, the last may be shorter.
func measure(ctx context.Context, r io.ReaderAt, size, part int64) (*digest, error) {
	d := &digest{size: size, part: part}
	all := sha256.New()
	buf := make([]byte, 64<<10)
	if part <= 0 || part >= size {
		n, err := io.CopyBuffer(struct{ io.Writer }{all}, reading{ctx, io.NewSectionReader(r, 0, size)}, buf)
		if err == nil && n < size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("read the recording: %w", err)
		}
		d.whole = [sha256.Size]byte(all.Sum(nil))
		d.parts = append(d.parts, d.whole)
		return d, nil
	}
	for at := int64(0); at < size; at += part {
		one := sha256.New()
		section := io.NewSectionReader(r, at, min(part, size-at))
		if n, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(all, one)}, reading{ctx, section}, buf); err != nil {
			return nil, fmt.Errorf("read the recording: %w", err)
		} else if n < min(part, size-at) {
			return nil, fmt.Errorf("read the recording: %w", io.ErrUnexpectedEOF)
		}
		d.parts = append(d.parts, [sha256.Size]byte(one.Sum(nil)))
	}
	d.whole = [sha256.Size]byte(all.Sum(nil))
	return d, nil
}

// reading ends when its context does.
type reading struct {
	ctx context.Context //nolint:containedctx // of one call
	r   io.Reader
}

func (r reading) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

func (d *digest) hex() string { return hex.EncodeToString(d.whole[:]) }

func (d *digest) base64() string { return base64.StdEncoding.EncodeToString(d.whole[:]) }

// composite is the checksum that S3 gives an object made of parts.
func (d *digest) composite() string {
	all := sha256.New()
	for _, p := range d.parts {
		all.Write(p[:])
	}
	return base64.StdEncoding.EncodeToString(all.Sum(nil)) + "-" + strconv.Itoa(len(d.parts))
}
