package target

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"rms/media"
	"rms/media/wire/audiosocket"
)

func init() {
	Register(&Scheme{
		Names: []string{"audiosocket"},
		Doc:   "AudioSocket of Asterisk over TCP: audiosocket://host:port[/uuid]",
		Check: checkAudioSocket,
		Open:  openAudioSocket,
	})
}

// What an AudioSocket stream may have: frames long enough to be worth a packet, and
// short enough for every rate to fit a message and a call to stay a conversation.
const (
	audioSocketFrame    = 20 * time.Millisecond
	audioSocketMinFrame = 5 * time.Millisecond
	audioSocketMaxFrame = 200 * time.Millisecond
	audioSocketMaxRate  = 48000
)

// checkAudioSocket refuses what no AudioSocket peer could be told, and fills in the
// frame, the format and the UUID.
func checkAudioSocket(o *Options) error {
	id, err := audioSocketURL(o.URL)
	if err != nil {
		return err
	}
	for _, text := range []string{id, o.UUID, o.CallID} {
		if text != "" {
			id = text
			break
		}
	}
	if _, err = audiosocket.ParseID(id); err != nil {
		return fmt.Errorf("audiosocket: %w", err)
	}
	dialect, err := audiosocket.ParseDialect(o.Dialect)
	if err != nil {
		return fmt.Errorf("audiosocket: %w", err)
	}
	if o.Format, err = audioSocketFormat(o.Format, dialect); err != nil {
		return err
	}
	if o.Frame == 0 {
		o.Frame = audioSocketFrame
	}
	if o.Frame < audioSocketMinFrame || o.Frame > audioSocketMaxFrame {
		return fmt.Errorf("audiosocket: frames of %s, allowed are %s to %s", o.Frame, audioSocketMinFrame, audioSocketMaxFrame)
	}
	o.UUID = id
	return nil
}

// audioSocketURL checks audiosocket://host:port[/uuid] and returns the UUID.
func audioSocketURL(u *url.URL) (id string, err error) {
	switch {
	case u == nil:
		return "", errors.New("audiosocket: no URL")
	case u.Hostname() == "":
		return "", errors.New("audiosocket: the URL has no host, want audiosocket://host:port[/uuid]")
	case u.Port() == "" || u.Port() == "0":
		return "", errors.New("audiosocket: the URL has no port, want audiosocket://host:port[/uuid]")
	case u.User != nil:
		return "", errors.New("audiosocket: the URL has a user, but the protocol has no authentication")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("audiosocket: the URL has more than a path, want audiosocket://host:port[/uuid]")
	}
	return strings.TrimSuffix(strings.TrimPrefix(u.Path, "/"), "/"), nil
}

// audioSocketFormat returns the format of what is sent: what was asked for, or 8000 Hz.
func audioSocketFormat(f media.Format, d audiosocket.Dialect) (media.Format, error) {
	if f.Rate == 0 {
		f.Rate = 8000
	}
	if f.Channels == 0 {
		f.Channels = 1
	}
	if f.Channels != 1 {
		return f, fmt.Errorf("audiosocket: %w: %d channels, the protocol has one: send one side, or both mixed",
			media.ErrFormat, f.Channels)
	}
	kind, ok := audiosocket.KindOf(f.Rate)
	if !ok || f.Rate > audioSocketMaxRate {
		return f, fmt.Errorf("audiosocket: %w: %d Hz, allowed are 8000, 12000, 16000, 24000, 32000, 44100, 48000",
			media.ErrFormat, f.Rate)
	}
	if !d.Carries(kind) {
		return f, fmt.Errorf("audiosocket: %w: %d Hz, dialect %s has 8000 only", media.ErrFormat, f.Rate, d)
	}
	return f, nil
}
