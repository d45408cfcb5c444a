package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	metadataMost = 64 << 10 // bytes of a message that are held in memory
	printMost    = 4 << 10  // bytes of it that are reported
)

// text takes one text message: all of it into the file, and the beginning to whoever
// listens.
func (c *wsStream) text(r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, metadataMost))
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.texts++
	c.mu.Unlock()
	if !c.heard && c.lane.frames == 0 {
		c.describe(b)
	}
	c.heard = true
	c.tune()
	e := c.event(EventText)
	e.Text = strings.ToValidUTF8(string(b[:min(len(b), printMost)]), "\uFFFD")
	c.save(Clean(string(b), 0))
	size := len(b)
	for err == nil { // what is beyond it
		var n int
		n, err = r.Read(c.buf)
		c.save(Clean(string(c.buf[:n]), 0))
		size += n
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	c.save("\n")
	if size > printMost {
		e.Text += fmt.Sprintf("... (%d bytes)", size)
	}
	c.board.o.Report(e)
	return nil
}

// save appends to the stream's text file, which has one message on a line.
func (c *wsStream) save(text string) {
	if c.board.dir == nil || c.broken || text == "" {
		return
	}
	var err error
	if c.saved == nil {
		if c.saved, c.savedAs, err = c.board.dir.create(c.base, ".txt"); err != nil {
			c.saved = nil
		}
	}
	if err == nil {
		_, err = io.WriteString(c.saved, text)
	}
	if err != nil {
		c.fileError(c.lane, err)
	}
}

// describe reads the metadata: JSON that may name the stream and its format.
func (c *wsStream) describe(b []byte) {
	var fields map[string]any
	if json.Unmarshal(b, &fields) != nil {
		return
	}
	rate := parseRate(field(fields, "sampleRate", "sample_rate", "rate"))
	channels := parseChannels(field(fields, "mixType", "mix_type", "mix", "channels"))
	id := field(fields, idNames...)
	changed := rate > 0 && rate != c.rate || channels > 0 && channels != c.channels
	if id != "" {
		changed = changed || id != c.base
		c.rename(id)
	}
	c.rate, c.channels = orElse(rate, c.rate), orElse(channels, c.channels)
	c.known = c.known || rate > 0 && channels > 0
	if changed {
		c.rest = c.rest[:0]
		e := c.event(EventFormat)
		e.Codec, e.Rate, e.Channels = "L16", c.rate, c.channels
		c.board.o.Report(e)
	}
}

// field returns the first of some fields as text, "" when none is text or a number.
func field(fields map[string]any, names ...string) string {
	for _, n := range names {
		switch v := fields[n].(type) {
		case string:
			if v != "" {
				return v
			}
		case float64:
			return strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	return ""
}
