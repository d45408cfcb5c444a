package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// Headers are header fields as a flat JSON object of strings, kept as text.
type Headers string

// UnmarshalText checks the object.
func (h *Headers) UnmarshalText(text []byte) error {
	var fields map[string]string
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return fmt.Errorf("%q is not a JSON object of strings", text)
	}
	for name, value := range fields {
		if name == "" || strings.ContainsFunc(name+value, unicode.IsControl) {
			return fmt.Errorf("%q has an empty name or a control character", text)
		}
	}
	*h = Headers(text)
	return nil
}
