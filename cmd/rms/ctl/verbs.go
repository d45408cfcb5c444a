package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"rms/call"
	"rms/cmd/rms/terminal"
)

// Verb is a verb of the server's table.
type Verb struct {
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
	Doc     string   `json:"doc"`
	Result  string   `json:"result"`
	NoCall  bool     `json:"no_call"`
	Waits   string   `json:"waits"`
	Params  []Param  `json:"params"`
}

// Param is a parameter of a verb.
type Param struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"` // as call.Kind names it
	Required bool     `json:"required"`
	Default  any      `json:"default"`
	Unit     string   `json:"unit"`
	Enum     []string `json:"enum"`
	Min      *float64 `json:"min"`
	Max      *float64 `json:"max"`
	Doc      string   `json:"doc"`
}

// Verbs returns the server's table.
func (c *Client) Verbs(ctx context.Context) ([]Verb, error) {
	var answer struct {
		Verbs []Verb `json:"verbs"`
	}
	err := c.Get(ctx, "/v1/verbs", &answer)
	return answer.Verbs, err
}

// Verb finds a verb by its name or alias, with or without "rms_"; nil: there is none.
func (c *Client) Verb(ctx context.Context, name string) (*Verb, error) {
	name = strings.TrimPrefix(name, "rms_")
	all, err := c.Verbs(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
		for _, alias := range all[i].Aliases {
			if alias == name {
				return &all[i], nil
			}
		}
	}
	return nil, nil
}

// OwnVerbs is the table of this program, for when there is no server to ask.
func OwnVerbs() []Verb {
	var out []Verb
	for _, v := range call.Verbs() {
		w := Verb{Name: v.Name, Aliases: v.Aliases, Doc: v.Doc, Result: v.Result, NoCall: v.NoCall, Waits: v.Waits}
		for i := range v.Params {
			p := &v.Params[i]
			w.Params = append(w.Params, Param{Name: p.Name, Kind: p.Kind.String(), Required: p.Required, Default: p.Default, Unit: p.Unit, Enum: p.Enum, Doc: p.Doc})
		}
		out = append(out, w)
	}
	return out
}

// arguments turns words into the JSON that a verb is called with: name=value for a
// parameter of that name, all others by their place.
func (v *Verb) arguments(words []string) map[string]any {
	named := map[string]any{}
	var placed []any
	for _, word := range words {
		if name, value, ok := strings.Cut(word, "="); ok {
			if p := v.param(name); p != nil {
				named[name] = p.value(value)
				continue
			}
			if isName(name) && len(v.Params) > 0 {
				named[name] = value // the server says that there is none of that name
				continue
			}
		}
		if i := len(placed); i < len(v.Params) {
			placed = append(placed, v.Params[i].value(word))
		} else {
			placed = append(placed, word)
		}
	}
	if len(placed) > 0 {
		named["args"] = placed
	}
	return named
}

func (v *Verb) param(name string) *Param {
	for i := range v.Params {
		if v.Params[i].Name == name {
			return &v.Params[i]
		}
	}
	return nil
}

// isName tells whether a text could be a parameter: one of a URL is not.
func isName(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_0123456789") == ""
}

// value reads a word as what the parameter wants; what does not fit goes as text, for
// the server to say what is wrong.
func (p *Param) value(word string) any {
	switch p.Kind {
	case call.Int.String():
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			return n
		}
	case call.Float.String(), call.Duration.String():
		if _, err := strconv.ParseFloat(word, 64); err == nil && json.Valid([]byte(word)) {
			return json.Number(word)
		}
	case call.Bool.String():
		if word == "true" || word == "false" {
			return word == "true"
		}
	case call.Value.String():
		if json.Valid([]byte(word)) {
			return json.RawMessage(word)
		}
	}
	return word
}

// Use runs a verb, for the call when id is not "". wait, when it is not "", is how long
// the event of the verb is waited for. The answer is JSON.
func (c *Client) Use(ctx context.Context, v *Verb, id string, words []string, wait string) ([]byte, error) {
	path := "/v1/verbs/" + v.Name
	if id != "" {
		path = "/v1/calls/" + url.PathEscape(id) + "/" + v.Name
	}
	most := c.o.Timeout
	if wait != "" {
		path += "?wait=" + url.QueryEscape(wait)
		most += waitMost
	}
	var text []byte
	err := c.do(ctx, most, "POST", path, v.arguments(words), &text)
	return text, err
}

// isCall tells whether the first word after a verb names a call.
func (c *Client) isCall(ctx context.Context, v *Verb, word string) bool {
	if !v.NoCall {
		return true
	}
	if len(word) < 4 || strings.Trim(strings.ToLower(word), "0123456789abcdef-") != "" {
		return false
	}
	_, err := c.Find(ctx, word)
	return err == nil
}

// Help writes what a verb does and takes.
func (v *Verb) Help(w io.Writer) {
	words := []string{"rms ctl", v.Name}
	if v.NoCall {
		words = append(words, "[CALL]")
	} else {
		words = append(words, "CALL")
	}
	for _, p := range v.Params {
		if p.Required {
			words = append(words, strings.ToUpper(p.Name))
		} else {
			words = append(words, "["+p.Name+"=VALUE]")
		}
	}
	fmt.Fprintf(w, "rms_%s: %s\n\n", v.Name, Clean(v.Doc))
	wrap(w, "    ", "        ", strings.Join(words, " "))
	if v.Result != "" {
		fmt.Fprintf(w, "\nResult: %s\n", Clean(v.Result))
	}
	if len(v.Params) > 0 {
		fmt.Fprint(w, "\nParameters, in this order or as name=value:\n")
	}
	for _, p := range v.Params {
		fmt.Fprintf(w, "  %s  %s\n", p.Name, p.kind())
		wrap(w, "        ", "        ", Clean(p.Doc))
	}
	if v.Waits != "" {
		fmt.Fprint(w, "\n--wait 30s waits for its event, and prints it.\n")
	}
}

// kind says what a value may be.
func (p *Param) kind() string {
	text := p.Kind
	if len(p.Enum) > 0 {
		text = strings.Join(p.Enum, "|")
	}
	if p.Min != nil && p.Max != nil {
		text += fmt.Sprintf(" from %g to %g", *p.Min, *p.Max)
	}
	if p.Unit != "" {
		text += " " + p.Unit
	}
	switch {
	case p.Required:
		text += ", required"
	case p.Default != nil:
		text += fmt.Sprintf(", default %v", p.Default)
	}
	return Clean(text)
}

// wrap writes words in lines of at most 80 columns.
func wrap(w io.Writer, first, next, text string) {
	line := first
	for _, word := range strings.Fields(text) {
		if len(line) > len(next) && len(line)+1+len(word) > 80 {
			fmt.Fprintln(w, line)
			line = next
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += word
	}
	fmt.Fprintln(w, line)
}

// show writes the answer of a verb for people: nothing but its result, and the event
// when it was waited for.
func show(w io.Writer, answer []byte) error {
	var a struct {
		Result json.RawMessage `json:"result"`
		Event  json.RawMessage `json:"event"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return fmt.Errorf("the answer is not what rms says: %w", err)
	}
	if string(a.Result) != "true" {
		if err := showValue(w, a.Result); err != nil {
			return err
		}
	}
	if len(a.Event) > 0 {
		line, err := eventLine(a.Event)
		if err != nil {
			return err
		}
		fmt.Fprintln(w, line)
	}
	return nil
}

// showValue writes a text as it is, and any other value as JSON.
func showValue(w io.Writer, value json.RawMessage) error {
	var text string
	if json.Unmarshal(value, &text) == nil {
		fmt.Fprintln(w, strings.TrimSuffix(CleanLines(text), "\n"))
		return nil
	}
	return printJSON(w, value)
}

// printJSON writes JSON with an indent, a character that steers a terminal as \uXXXX.
func printJSON(w io.Writer, text []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	_, err := w.Write(append(terminal.JSON(bytes.TrimSpace(b.Bytes())), '\n'))
	return err
}
