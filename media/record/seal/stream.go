package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// Sizes of the payload of an age file, bytes: a salt, then chunks that are all full but
// the last (C2SP age.md, "Payload").
const (
	chunkSize  = 64 << 10
	tagSize    = chacha20poly1305.Overhead
	sealedSize = chunkSize + tagSize
	saltSize   = 16
)

// envelope is the header of an age file and the key that it wraps. The file and its
// tails have the same header, and each its own salt, from which the key of the payload
// is made; so a tail costs no public-key cryptography and belongs to one file only.
type envelope struct {
	header []byte
	key    []byte
}

// keep hands the file key to age's recipient and keeps a copy.
type keep struct {
	age.Recipient
	key *[]byte
}

// Wrap is part of age.Recipient.
func (k keep) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	*k.key = bytes.Clone(fileKey)
	return k.Recipient.Wrap(fileKey)
}

// keepLabels is keep for recipients that name what they may stand beside.
type keepLabels struct {
	keep
	labelled age.RecipientWithLabels
}

// WrapWithLabels is part of age.RecipientWithLabels.
func (k keepLabels) WrapWithLabels(fileKey []byte) ([]*age.Stanza, []string, error) {
	*k.key = bytes.Clone(fileKey)
	return k.labelled.WrapWithLabels(fileKey)
}

// newEnvelope lets age make the header of a new file.
func newEnvelope(to []Recipient) (*envelope, error) {
	e := &envelope{}
	keys := ageRecipients(to)
	for i, r := range keys {
		k := keep{r, &e.key}
		if l, ok := r.(age.RecipientWithLabels); ok {
			keys[i] = keepLabels{k, l}
		} else {
			keys[i] = k
		}
	}
	var head bytes.Buffer
	if _, err := age.Encrypt(&head, keys...); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	e.header = bytes.Clone(head.Bytes()[:head.Len()-saltSize]) // we take salts of our own
	return e, nil
}

// begin returns what a new file starts with, header and salt, and its payload's cipher.
func (e *envelope) begin(dst []byte) ([]byte, cipher.AEAD, error) {
	var salt [saltSize]byte
	_, _ = rand.Read(salt[:]) // it never fails
	a, err := e.cipher(salt[:])
	return append(append(dst, e.header...), salt[:]...), a, err
}

func (e *envelope) cipher(salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, e.key, salt, "payload", chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive the key of the payload: %w", err)
	}
	a, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, fmt.Errorf("make the cipher of the payload: %w", err)
	}
	return a, nil
}

// nonce is the number of a chunk, 11 bytes, and whether it is the last.
func nonce(chunk int64, last bool) (n [chacha20poly1305.NonceSize]byte) {
	binary.BigEndian.PutUint64(n[3:], uint64(chunk))
	if last {
		n[11] = 1
	}
	return n
}
