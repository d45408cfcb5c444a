package upload

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// bucket delivers to S3-compatible storage.
type bucket struct {
	core      *minio.Core
	transport *http.Transport
	bucket    string
	prefix    string
	end       string // scheme and host, for people
}

func openS3(t *Target, o *Options, transport *http.Transport) (carrier, error) {
	u, err := url.Parse(t.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Port() != "" {
		return nil, fmt.Errorf("the target of uploads is no bucket: %w", errOddTarget)
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" {
		if err := checkName(prefix); err != nil {
			return nil, fmt.Errorf("the prefix of uploads is odd: %w", errOddTarget)
		}
	}
	if err := s3utils.CheckValidBucketName(u.Host); err != nil {
		return nil, fmt.Errorf("the bucket of uploads: %w", err)
	}
	end, err := url.Parse(t.endpoint())
	if err != nil || end.Host == "" || end.User != nil || end.RawQuery != "" || strings.Trim(end.Path, "/") != "" || end.Scheme != "http" && end.Scheme != "https" {
		return nil, errors.New("the endpoint of uploads is not like https://host or http://host:port")
	}
	if t.AccessKey == "" || t.SecretKey == "" {
		return nil, errors.New("uploads to S3 need an access key and a secret key")
	}
	lookup := minio.BucketLookupPath
	if t.HostStyle || t.Endpoint == "" {
		lookup = minio.BucketLookupDNS
	}
	core, err := minio.NewCore(end.Host, &minio.Options{
		Creds: credentials.NewStaticV4(t.AccessKey, t.SecretKey, ""), Secure: end.Scheme == "https",
		Transport: transport, Region: t.region(), BucketLookup: lookup, MaxRetries: 1, // we have our own
	})
	if err != nil {
		return nil, fmt.Errorf("the endpoint of uploads: %w", err)
	}
	core.SetAppInfo(agentOf(o.Agent), "1")
	return &bucket{core: core, transport: transport, bucket: u.Host, prefix: prefix, end: end.Scheme + "://" + end.Host}, nil
}

func agentOf(agent string) string {
	if agent == "" {
		return "rms"
	}
	return agent
}

func (t *Target) region() string {
	if t.Region == "" {
		return "us-east-1"
	}
	return t.Region
}

// endpoint returns the URL of the storage.
func (t *Target) endpoint() string {
	switch {
	case t.Endpoint == "":
		return "https://s3." + t.region() + ".amazonaws.com"
	case !strings.Contains(t.Endpoint, "://"):
		return "https://" + t.Endpoint
	}
	return t.Endpoint
}

func (b *bucket) close() { b.transport.CloseIdleConnections() }

func (b *bucket) key(name string) string { return path.Join(b.prefix, name) }

func (b *bucket) url(name string) string { return "s3://" + b.bucket + "/" + b.key(name) }

func (b *bucket) put(ctx context.Context, o *object) (bool, error) {
	if o.save != nil && (o.multi != nil || len(o.sum.parts) > 1) {
		return b.putParts(ctx, o)
	}
	_, err := b.core.PutObject(ctx, b.bucket, b.key(o.name), o.section(0, o.size), o.size, "", o.sum.hex(), minio.PutObjectOptions{
		ContentType: contentType(o.name),
		// What is signed is the SHA-256 that we know already, not one for each 64 KiB of the
		// body between its bytes, which not every server takes out of parts again.
		DisableContentSha256: true,
		UserMetadata:         map[string]string{"X-Amz-Checksum-Sha256": o.sum.base64(), "rms-sha256": o.sum.hex(), "rms-recording": o.id},
	})
	if err != nil {
		return false, b.fail(ctx, err)
	}
	return true, b.verify(ctx, o, o.sum.base64())
}

// verify looks whether an object is right there: by its length and the checksum that
// the server made of it, or where that has none by reading it back.
func (b *bucket) verify(ctx context.Context, o *object, composite string) error {
	info, err := b.core.StatObject(ctx, b.bucket, b.key(o.name), minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return b.fail(ctx, err)
	}
	if info.Size != o.size {
		return mismatch(fmt.Sprintf("%d bytes of %d", info.Size, o.size))
	}
	switch said := info.ChecksumSHA256; {
	case said == "":
		return b.readBack(ctx, o)
	case said != composite && said != o.sum.base64():
		return mismatch("its SHA-256 is " + shorten(said, 80))
	}
	return nil
}

func (b *bucket) readBack(ctx context.Context, o *object) error {
	r, _, _, err := b.core.GetObject(ctx, b.bucket, b.key(o.name), minio.GetObjectOptions{})
	if err != nil {
		return b.fail(ctx, err)
	}
	defer r.Close()
	hash := newSum()
	n, err := io.Copy(hash, io.LimitReader(&counted{r, o.watch}, o.size+1))
	if err != nil {
		return b.fail(ctx, err)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); n != o.size || got != o.sum.hex() {
		return mismatch("read back, its SHA-256 is " + got)
	}
	return nil
}

// counted keeps the watch from ending an attempt that reads.
type counted struct {
	r io.Reader
	w *watch
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.w.patience(1)
	return n, err
}

// fail words an error of the storage.
func (b *bucket) fail(ctx context.Context, err error) error {
	if context.Cause(ctx) != nil {
		return plainly(ctx, err)
	}
	said := minio.ToErrorResponse(err)
	if said.StatusCode == 0 {
		return plainly(ctx, err)
	}
	if said.Code == "NoSuchUpload" {
		return errAgain
	}
	return statusFailure(said.StatusCode, said.Code, said.Message, 0)
}
