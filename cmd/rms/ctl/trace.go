package ctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"rms/cmd/rms/ladder"
	"rms/sip"
)

// traced is a SIP message as the API writes it.
type traced struct {
	Time      time.Time `json:"time"`
	Sent      bool      `json:"sent"`
	Transport string    `json:"transport"`
	Local     string    `json:"local"`
	Remote    string    `json:"remote"`
	CallID    string    `json:"call_id"`
	First     string    `json:"first"`
	Text      string    `json:"text"`
}

func (t *traced) line() sip.TraceLine {
	local, _ := netip.ParseAddrPort(t.Local)
	remote, _ := netip.ParseAddrPort(t.Remote)
	return sip.TraceLine{Time: t.Time, Sent: t.Sent, Transport: t.Transport, Local: local, Remote: remote, CallID: t.CallID, First: t.First, Text: t.Text}
}

// TraceOptions say how SIP messages are shown.
type TraceOptions struct {
	Out   io.Writer
	JSON  bool
	ASCII bool
	Full  bool // with every message in full
}

// Trace draws the messages of a call until it ends, or ctx does.
func (c *Client) Trace(ctx context.Context, id string, o TraceOptions) error {
	l := ladder.New(ladder.Options{Out: o.Out, ASCII: o.ASCII, Full: o.Full, Us: "rms"})
	return c.traces(ctx, "/v1/calls/"+url.PathEscape(id)+"/trace", func(t *traced, data []byte) error {
		if o.JSON {
			return printEvent(o.Out, data, true)
		}
		l.Message(t.line())
		return nil
	}, o)
}

// TraceNext waits for the next call whose INVITE has a text in its start line, From or
// To, and draws it from there on.
func (c *Client) TraceNext(ctx context.Context, text string, o TraceOptions) error {
	l := ladder.New(ladder.Options{Out: o.Out, ASCII: o.ASCII, Full: o.Full, Us: "rms"})
	var end ending
	id := ""
	return c.traces(ctx, "/v1/trace", func(t *traced, data []byte) error {
		if id == "" && opens(t, text) {
			id = t.CallID
		}
		if id == "" || t.CallID != id {
			return nil
		}
		if o.JSON {
			if err := printEvent(o.Out, data, true); err != nil {
				return err
			}
		} else {
			l.Message(t.line())
		}
		if end.after(t) {
			return errStop
		}
		return nil
	}, o)
}

// TraceAll writes a line for each message of all calls.
func (c *Client) TraceAll(ctx context.Context, o TraceOptions) error {
	return c.traces(ctx, "/v1/trace", func(t *traced, data []byte) error {
		if o.JSON {
			return printEvent(o.Out, data, true)
		}
		arrow := "<-"
		if t.Sent {
			arrow = "->"
		}
		_, err := fmt.Fprintf(o.Out, "%s %s %s %s  %s  %s\n", t.Time.Local().Format("15:04:05.000"), arrow, Clean(t.Transport), Clean(t.Remote), Clean(t.First), Clean(t.CallID))
		if err == nil && o.Full {
			_, err = io.WriteString(o.Out, CleanLines(strings.TrimRight(t.Text, "\r\n"))+"\n\n")
		}
		if err != nil {
			return writeError{err}
		}
		return nil
	}, o)
}

// traces hands each message to f.
func (c *Client) traces(ctx context.Context, path string, f func(t *traced, data []byte) error, o TraceOptions) error {
	over := false
	err := c.Follow(ctx, path, func(name string, data []byte) error {
		switch name {
		case "sip":
			var t traced
			if json.Unmarshal(data, &t) != nil {
				return nil
			}
			return f(&t, data)
		case "lost":
			if !o.JSON {
				fmt.Fprintf(o.Out, "          (messages were left out: %s)\n", Clean(string(data)))
			}
		case "end":
			over = true
			return errStop
		}
		return nil
	})
	var out writeError
	switch {
	case ctx.Err() != nil, over:
		return nil
	case errors.As(err, &out):
		return out.error
	}
	return err
}

// opens tells whether a message is the INVITE of a new call, and has the text.
func opens(t *traced, text string) bool {
	if !strings.HasPrefix(t.First, "INVITE ") {
		return false
	}
	head, _, _ := strings.Cut(t.Text, "\r\n\r\n")
	found := strings.Contains(t.First, text)
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "to", "t":
			if strings.Contains(strings.ToLower(value), ";tag=") {
				return false
			}
			found = found || strings.Contains(value, text)
		case "from", "f":
			found = found || strings.Contains(value, text)
		}
	}
	return found
}

// ending notices the last message of a call: the answer to its BYE, or the ACK of an
// INVITE that was refused.
type ending struct{ refused bool }

func (e *ending) after(t *traced) bool {
	switch method := ladder.MethodOf(t.Text); {
	case strings.HasPrefix(t.First, "SIP/2.0 "):
		code := strings.TrimPrefix(t.First, "SIP/2.0 ")
		e.refused = e.refused || method == "INVITE" && code >= "3" && !strings.HasPrefix(code, "401") && !strings.HasPrefix(code, "407")
		return method == "BYE" && code >= "2"
	default:
		return e.refused && method == "ACK"
	}
}
