package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// expressed is the answer to a request of express: it is sent when it is whole.
type expressed struct {
	conn   *conn
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *expressed) Header() http.Header { return w.header }

func (w *expressed) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

func (w *expressed) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// SetWriteDeadline is for http.ResponseController.
func (w *expressed) SetWriteDeadline(t time.Time) error { return w.conn.Conn.SetWriteDeadline(t) }

// SetReadDeadline is for http.ResponseController: the request has been read.
func (*expressed) SetReadDeadline(time.Time) error { return nil }

// send writes the answer in one piece. io.EOF: the handler wants it to be the last.
func (w *expressed) send() error {
	w.WriteHeader(http.StatusOK)
	w.header.Set("Content-Length", strconv.Itoa(w.body.Len()))
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	names := make([]string, 0, len(w.header))
	for name := range w.header {
		names = append(names, name)
	}
	slices.Sort(names)
	text := make([]byte, 0, 256+w.body.Len())
	text = append(strconv.AppendInt(append(text, "HTTP/1.1 "...), int64(w.status), 10), ' ')
	text = append(append(text, http.StatusText(w.status)...), "\r\n"...)
	for _, name := range names {
		for _, value := range w.header[name] {
			text = append(append(append(append(text, name...), ": "...), value...), "\r\n"...)
		}
	}
	text = append(text, "\r\n"...)
	_, err := w.conn.Conn.Write(append(text, w.body.Bytes()...))
	if err == nil && w.header.Get("Connection") == "close" {
		err = io.EOF
	}
	return err
}
