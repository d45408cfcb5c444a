package config

import (
	"fmt"
	"strconv"
)

// Numeral is a whole number that is kept as text, for a variable whose absence means
// another thing than 0.
type Numeral string

// UnmarshalText takes decimal digits.
func (n *Numeral) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	*n = Numeral(strconv.FormatUint(v, 10))
	return nil
}
