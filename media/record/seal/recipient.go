package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// Recipient is a public key that a recording is encrypted for.
type Recipient struct {
	Name string // the key as it was written, without a comment behind it
	key  age.Recipient
}

// maxRecipients bounds the header that each file and each tail begins with.
const maxRecipients = 20

// ParseRecipients reads public keys: age1..., ssh-ed25519 or ssh-rsa. It also refuses
// keys that age does not put into one file, such as one that withstands quantum
// computers beside one that does not.
func ParseRecipients(keys []string) ([]Recipient, error) {
	if len(keys) > maxRecipients {
		return nil, fmt.Errorf("%d keys to encrypt for are too many: at most %d", len(keys), maxRecipients)
	}
	var to []Recipient
	for _, text := range keys {
		r, err := parseRecipient(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		to = append(to, r)
	}
	if len(to) == 0 {
		return nil, nil
	}
	if _, err := age.Encrypt(io.Discard, ageRecipients(to)...); err != nil {
		return nil, fmt.Errorf("encrypt for these keys: %w", err)
	}
	return to, nil
}

func parseRecipient(text string) (Recipient, error) {
	switch {
	case strings.HasPrefix(text, "AGE-SECRET-KEY-"), strings.Contains(text, "PRIVATE KEY"):
		return Recipient{}, errors.New("a key to encrypt for is a private one: give its public key, age-keygen -y prints it")
	case strings.HasPrefix(text, "ssh-"):
		key, err := agessh.ParseRecipient(text)
		if err != nil {
			return Recipient{}, fmt.Errorf("key to encrypt for: %w", err)
		}
		fields := strings.Fields(text)
		return Recipient{Name: strings.Join(fields[:min(2, len(fields))], " "), key: key}, nil
	}
	keys, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(keys) != 1 || strings.ContainsAny(text, "\r\n") {
		return Recipient{}, fmt.Errorf("key to encrypt for %q is none: it begins with age1, ssh-ed25519 or ssh-rsa", cut(text))
	}
	return Recipient{Name: text, key: keys[0]}, nil
}

func cut(s string) string { return s[:min(len(s), 80)] }

func ageRecipients(to []Recipient) []age.Recipient {
	var keys []age.Recipient
	for _, r := range to {
		keys = append(keys, r.key)
	}
	return keys
}

// Identity is a private key that opens recordings.
type Identity struct{ key age.Identity }

// maxIdentities is how many bytes a file of private keys may have.
const maxIdentities = 1 << 20

// ParseIdentities reads a file of private keys as age-keygen writes it, or an SSH
// private key without a passphrase.
func ParseIdentities(r io.Reader) ([]Identity, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxIdentities))
	if err != nil {
		return nil, fmt.Errorf("read private keys: %w", err)
	}
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN")) {
		key, err := agessh.ParseIdentity(text)
		if err != nil {
			return nil, fmt.Errorf("SSH private key: %w", err)
		}
		return []Identity{{key}}, nil
	}
	keys, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, errors.New("this is no file of private keys: age-keygen writes such files") // never with what is in it
	}
	var ids []Identity
	for _, k := range keys {
		ids = append(ids, Identity{k})
	}
	return ids, nil
}
