package ctl

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Delete removes what a path names, and reads a JSON answer.
func (c *Client) Delete(ctx context.Context, path string, out any) error {
	return c.do(ctx, c.o.Timeout, http.MethodDelete, path, nil, out)
}

// Do is Post for an answer that may take long.
func (c *Client) Do(ctx context.Context, most time.Duration, path string, body, out any) error {
	return c.do(ctx, most, http.MethodPost, path, body, out)
}

// Download begins to fetch what a path names. size is -1 when it is not known. The caller
// closes the body; ctx ends it.
func (c *Client) Download(ctx context.Context, path string) (body io.ReadCloser, size int64, err error) {
	res, err := c.send(ctx, http.MethodGet, path, nil, "*/*")
	if err != nil {
		return nil, 0, err
	}
	return res.Body, res.ContentLength, nil
}

// RecordingPath is where a recording is found at the server, and what is below it.
func RecordingPath(id, below string) string {
	path := "/v1/recordings/" + url.PathEscape(id)
	if below != "" {
		path += "/" + below
	}
	return path
}
