package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// maxKey is the most bytes of a key file.
const maxKey = 16 << 10

// Fingerprint names a public key: the start of its SHA-256, hexadecimal.
func Fingerprint(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// ParsePublic reads the public key of a chain: PEM as in key.pub (and as openssl pkey
// -pubout writes it), or 32 bytes in base64.
func ParsePublic(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
		if err != nil || len(raw) != ed25519.PublicKeySize {
			return nil, errors.New("neither PEM nor an Ed25519 key in base64")
		}
		return raw, nil
	}
	if block.Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("a %.40q, not a PUBLIC KEY", block.Type)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("a key of another kind (%T), not Ed25519", key)
	}
	return public, nil
}

func parsePrivate(text []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("not a PRIVATE KEY in PEM (openssl genpkey -algorithm ed25519 makes one)")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a key of another kind (%T), not Ed25519", key)
	}
	return private, nil
}

// publicText returns a public key as PEM.
func publicText(public ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// readKey reads the private key from the file that was configured, or from the root.
func readKey(root *os.Root, name string) (ed25519.PrivateKey, error) {
	var text []byte
	var err error
	if name == "" {
		text, err = readSmall(root, keyFile, maxKey)
	} else {
		text, err = readOutside(name)
	}
	if err != nil {
		return nil, err
	}
	return parsePrivate(text)
}

// readOutside reads a key file that the configuration names.
func readOutside(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKey {
		return nil, fmt.Errorf("key %q is not a small file", name)
	}
	return os.ReadFile(name)
}

// makeKey makes a private key that only its owner reads.
func makeKey(root *os.Root, name string) (ed25519.PrivateKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	var f *os.File
	if name == "" {
		f, err = root.OpenFile(keyFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	} else {
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return nil, err
	}
	_, err = f.Write(text)
	return private, errors.Join(err, f.Sync(), f.Close())
}

// writePublic puts the public key beside the chain when it is not there.
func writePublic(root *os.Root, public ed25519.PublicKey) error {
	text, err := publicText(public)
	if err != nil {
		return err
	}
	if old, err := readSmall(root, publicFile, maxKey); err == nil && string(old) == string(text) {
		return nil
	}
	if err := root.Remove(publicFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeSynced(root, publicFile, text)
}
