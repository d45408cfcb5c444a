package call

import (
	"errors"
	"io/fs"
	"strings"

	"rms/call/prompt"
)

// recordPrefix begins the names of recordings that are played.
const recordPrefix = "record:"

// recordCache bounds the memory for recordings that are played.
const recordCache = 8 << 20

// nothing is a file system without files.
type nothing struct{}

// Open finds nothing.
func (nothing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// newRecorded returns what recordings are played from, nil when there are none.
func newRecorded(o *Options) *prompt.Cache {
	if o.Records == nil || o.Recording.Root == "" {
		return nil
	}
	c, err := prompt.New(prompt.Options{Roots: []string{o.Recording.Root}, Embedded: nothing{}, Bytes: recordCache})
	if err != nil {
		return nil // no folder: nothing could be recorded either
	}
	return c
}

// recorded finds the recording that a play names. One that is being made is played as
// far as it is in its file.
func (l *loader) recorded(file string) (*prompt.Cache, string, error) {
	name := strings.TrimPrefix(file, recordPrefix)
	switch {
	case l.recordings == nil:
		return nil, "", errRecordingOff
	case strings.HasSuffix(name, ".age"):
		return nil, "", errors.New("the recording is encrypted, and this server has no key to it")
	case !strings.HasSuffix(name, ".wav") || name[0] == '.' || strings.Contains(name, "/."):
		return nil, "", errors.New("that is no name of a recording: it ends in .wav, below record.root")
	}
	return l.recordings, name, nil
}

// playedRecording notes for the log of who did what that a recording is heard.
func (c *Call) playedRecording(file string) {
	name, ok := strings.CutPrefix(file, recordPrefix)
	played := c.manager.opts.Recording.Played
	if ok && played != nil {
		c.manager.aside.run(func() { played(name, "call "+c.id) })
	}
}
