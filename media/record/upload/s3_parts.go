package upload

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"strconv"

	"github.com/minio/minio-go/v7"
)

func newSum() hash.Hash { return sha256.New() }

// putParts delivers what has not arrived yet of an object in parts: the first part last,
// because the header of a recording is right only when it has ended.
func (b *bucket) putParts(ctx context.Context, o *object) (bool, error) {
	for n := len(o.sum.parts); n >= 1; n-- {
		if err := b.part(ctx, o, n); err != nil {
			err = b.restart(ctx, o, err)
			return err == nil, err
		}
	}
	var done []minio.CompletePart
	for _, p := range o.multi.Parts[:min(len(o.multi.Parts), len(o.sum.parts))] {
		done = append(done, minio.CompletePart{PartNumber: p.Number, ETag: p.ETag, ChecksumSHA256: base64Of(p.SHA256)})
	}
	o.watch.patience(10) // putting it together takes a server its time
	_, err := b.core.CompleteMultipartUpload(ctx, b.bucket, b.key(o.name), o.multi.Upload, done, minio.PutObjectOptions{})
	if err != nil {
		err = b.restart(ctx, o, b.fail(ctx, err))
		return err == nil, err
	}
	if err = b.verify(ctx, o, o.sum.composite()); errors.Is(err, ErrChecksum) {
		return false, errors.Join(err, o.save(nil)) // all of it goes again
	}
	return true, err
}

// restart forgets an upload that the server does not know. It may be one that was put
// together before we noted that: then the object is there.
func (b *bucket) restart(ctx context.Context, o *object, err error) error {
	if !errors.Is(err, errAgain) {
		return err
	}
	if b.verify(ctx, o, o.sum.composite()) == nil {
		return nil
	}
	o.multi = nil
	if e := o.save(nil); e != nil {
		return e
	}
	return errAgain
}

// part delivers one part, unless it has arrived with this very content before.
func (b *bucket) part(ctx context.Context, o *object, number int) error {
	if o.multi == nil {
		id, err := b.core.NewMultipartUpload(ctx, b.bucket, b.key(o.name), minio.PutObjectOptions{
			ContentType: contentType(o.name), UserMetadata: map[string]string{"X-Amz-Checksum-Algorithm": "SHA256", "rms-recording": o.id},
		})
		if err != nil {
			return b.fail(ctx, err)
		}
		if len(id) > maxUpload {
			return errors.New("the id of the upload in parts is too long")
		}
		o.multi = &multi{Upload: id, PartSize: o.sum.part}
		if err := o.save(o.multi); err != nil {
			return err
		}
	}
	sum := o.sum.parts[number-1]
	at := int64(number-1) * o.sum.part
	size := min(o.sum.part, o.size-at)
	if _, there := o.multi.has(number, size, hex.EncodeToString(sum[:])); there {
		o.watch.moved(int(size))
		return nil
	}
	header := http.Header{"X-Amz-Checksum-Sha256": {base64.StdEncoding.EncodeToString(sum[:])}}
	got, err := b.core.PutObjectPart(ctx, b.bucket, b.key(o.name), o.multi.Upload, number, o.section(at, size), size,
		minio.PutObjectPartOptions{Sha256Hex: hex.EncodeToString(sum[:]), CustomHeader: header, DisableContentSha256: true})
	if err != nil {
		return b.fail(ctx, err)
	}
	if len(got.ETag) > maxETag {
		return errors.New("the ETag of part " + strconv.Itoa(number) + " is too long")
	}
	o.multi.put(part{Number: number, Size: size, SHA256: hex.EncodeToString(sum[:]), ETag: got.ETag})
	return o.save(o.multi)
}

func (b *bucket) abort(ctx context.Context, name, upload string) error {
	if err := b.core.AbortMultipartUpload(ctx, b.bucket, b.key(name), upload); err != nil {
		return b.fail(ctx, err)
	}
	return nil
}

func base64Of(hexadecimal string) string {
	b, _ := hex.DecodeString(hexadecimal) // it was checked
	return base64.StdEncoding.EncodeToString(b)
}
