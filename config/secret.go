package config

import "errors"

// Secret is a text that nobody may see: it is never printed.
type Secret struct{ text string }

// UnmarshalText takes 8 to 512 characters. Its errors do not repeat them.
func (s *Secret) UnmarshalText(text []byte) error {
	switch {
	case len(text) < 8:
		return errors.New("the secret is too short")
	case len(text) > 512:
		return errors.New("the secret is too long")
	}
	s.text = string(text)
	return nil
}

// Reveal returns the text, "" when none was set.
func (s Secret) Reveal() string { return s.text }

// String does not tell the secret.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return "hidden"
}

// GoString does not either.
func (s Secret) GoString() string { return s.String() }
