package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"rms/cmd/rms/terminal"
)

// event is one event as the API writes it.
type event struct {
	Event  string          `json:"event"`
	Call   string          `json:"call"`
	Time   time.Time       `json:"time"`
	Fields json.RawMessage `json:"fields"`
}

// again is how long a client waits before it connects anew.
const again = time.Second

// Events writes each event on a line until ctx ends, as JSON or for people. With stay
// it connects anew when the server has gone.
func (c *Client) Events(ctx context.Context, w io.Writer, calls, names []string, asJSON, stay bool) error {
	q := url.Values{}
	for _, id := range calls {
		q.Add("call", id)
	}
	for _, name := range names {
		q.Add("name", name)
	}
	path := "/v1/events"
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	for began := false; ; {
		err := c.follow(ctx, path, func(string) { began = true }, func(_ string, data []byte) error { return printEvent(w, data, asJSON) })
		var out writeError
		var no *Error
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &out):
			return out.error
		case !stay || !began || errors.As(err, &no):
			if err == nil {
				err = errors.New("the server ended the events")
			}
			return err
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return nil
		}
	}
}

// writeError says that nobody reads what is written.
type writeError struct{ error }

func printEvent(w io.Writer, data []byte, asJSON bool) error {
	line := ""
	if asJSON {
		var b bytes.Buffer
		if json.Compact(&b, data) != nil {
			return nil
		}
		line = string(terminal.JSON(b.Bytes()))
	} else {
		var err error
		if line, err = eventLine(data); err != nil {
			return nil //nolint:nilerr // no event
		}
	}
	if _, err := io.WriteString(w, line+"\n"); err != nil {
		return writeError{err}
	}
	return nil
}

// eventLine writes an event for people: time, call, name, fields.
func eventLine(data []byte) (string, error) {
	if string(data) == "null" {
		return "(the event did not come in time)", nil
	}
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		return "", fmt.Errorf("read an event: %w", err)
	}
	id := e.Call
	if len(id) > 8 {
		id = id[:8]
	}
	line := fmt.Sprintf("%s %-8s %-20s", e.Time.Local().Format("15:04:05.000"), Clean(id), Clean(e.Event))
	var b strings.Builder
	members(e.Fields, func(name, value string) { b.WriteString(" " + name + "=" + value) })
	return strings.TrimRight(line+b.String(), " "), nil
}

// longest is how much of a value is shown on a line.
const longest = 200

// members hands name and value of each member of an object to f, in their order.
func members(object json.RawMessage, f func(name, value string)) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return
		}
		f(Clean(fmt.Sprint(name)), oneWord(value))
	}
}

// oneWord writes a value so that it can stand on a line.
func oneWord(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		text = string(value)
	} else if text == "" || strings.ContainsAny(text, " \t\r\n\"") {
		quoted, err := json.Marshal(text)
		if err == nil {
			text = string(quoted)
		}
	}
	text = Clean(text)
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}
