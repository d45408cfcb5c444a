package ctl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// errStop ends a stream from inside.
var errStop = errors.New("enough")

// Follow hands each server-sent event of a path to f, until the server ends it, ctx
// ends or f returns an error. nil: the server ended it.
func (c *Client) Follow(ctx context.Context, path string, f func(name string, data []byte) error) error {
	return c.follow(ctx, path, func(string) {}, f)
}

// follow is Follow that tells began when the server has answered.
func (c *Client) follow(ctx context.Context, path string, began func(path string), f func(name string, data []byte) error) error {
	res, err := c.send(ctx, http.MethodGet, path, nil, "text/event-stream")
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		return fmt.Errorf("%s answers with %q, not with events", c.place, Clean(kind))
	}
	began(path)
	err = events(res.Body, f)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errStop):
		return nil
	}
	return err
}

// events reads a text/event-stream.
func events(r io.Reader, f func(name string, data []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxEvent)
	name, data, some := "", []byte(nil), false
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 {
			if some {
				if err := f(name, data); err != nil {
					return err
				}
			}
			name, data, some = "", data[:0], false
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			name = string(value)
		case "data":
			if some {
				data = append(data, '\n')
			}
			if len(data)+len(value) > maxEvent {
				return bufio.ErrTooLong
			}
			data, some = append(data, value...), true
		}
	}
	return lines.Err()
}
