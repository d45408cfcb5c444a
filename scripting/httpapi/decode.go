package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"rms/call"
)

// Bounds of the arguments of a verb: a body that is small can hold many values.
const (
	maxValues = 10000
	maxDepth  = 16
)

// decodeArguments reads the arguments of a verb from JSON: an object of named ones,
// where "args" may be a list of positional ones. No text is no arguments. The values
// are those of Verb.Bind: nil, bool, int64, float64, string, map[string]any, []any.
func decodeArguments(text []byte, v *call.Verb) (positional []any, named map[string]any, err error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil, nil
	}
	val, err := decodeJSON(text)
	if err != nil {
		return nil, nil, err
	}
	named, ok := val.(map[string]any)
	if !ok {
		return nil, nil, fault("argument", "the body must be a JSON object of arguments, such as {\"name\": value} or {\"args\": [value, ...]}")
	}
	list, given := named["args"]
	if !given || has(v, "args") {
		return nil, named, nil
	}
	if positional, ok = list.([]any); !ok {
		return nil, nil, wrong("args", "\"args\" must be a list of positional arguments")
	}
	delete(named, "args")
	return positional, named, nil
}

func has(v *call.Verb, parameter string) bool {
	for i := range v.Params {
		if v.Params[i].Name == parameter {
			return true
		}
	}
	return false
}

// decodeJSON reads one JSON value. Unlike encoding/json it keeps whole numbers whole,
// and takes no object with a name twice, of which others would read the first.
func decodeJSON(text []byte) (any, error) {
	d := decoder{json: json.NewDecoder(bytes.NewReader(text))}
	d.json.UseNumber()
	val, err := d.value(0)
	if err == nil {
		if _, more := d.json.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more behind the JSON value")
		}
	}
	if err != nil {
		return nil, fault("argument", "the body is not the JSON that is wanted here: "+jsonError(err, len(text)))
	}
	return val, nil
}

// jsonError is what is wrong, and where when that is known.
func jsonError(err error, size int) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("%s at byte %d", syntax.Error(), syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Sprintf("it ends too early, at byte %d", size)
	}
	return err.Error()
}

type decoder struct {
	json   *json.Decoder
	values int
}

func (d *decoder) value(depth int) (any, error) {
	token, err := d.json.Token()
	if err != nil {
		return nil, err
	}
	if d.values++; d.values > maxValues {
		return nil, fmt.Errorf("it has more than %d values", maxValues)
	}
	switch t := token.(type) {
	case json.Number:
		return number(t)
	case json.Delim:
		if depth >= maxDepth {
			return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
		}
		if t == '[' {
			return d.list(depth)
		}
		return d.object(depth)
	}
	return token, nil // nil, bool, string
}

func (d *decoder) list(depth int) (any, error) {
	list := []any{}
	for d.json.More() {
		val, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, val)
	}
	_, err := d.json.Token()
	return list, err
}

func (d *decoder) object(depth int) (any, error) {
	object := map[string]any{}
	for d.json.More() {
		token, err := d.json.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // the decoder takes nothing else
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("the name %q is there twice", short(name))
		}
		if object[name], err = d.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := d.json.Token()
	return object, err
}

func number(n json.Number) (any, error) {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return nil, fmt.Errorf("the number %s is too large", short(n.String()))
	}
	return f, nil
}

// short is the beginning of a text, for a message.
func short(text string) string {
	if len(text) <= 40 {
		return text
	}
	return strings.ToValidUTF8(text[:40], "") + "..."
}
