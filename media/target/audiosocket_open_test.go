package target_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
)

func TestAudioSocketCheckFillsInWhatTheProtocolDecides(t *testing.T) {
	t.Parallel()
	const inURL, given, call = "11111111-2222-3333-4444-555555555555", "22222222-2222-3333-4444-555555555555", audioSocketUUID
	for text, c := range map[string]struct {
		o    target.Options
		uuid string
	}{
		"audiosocket://127.0.0.1:9019/" + inURL:       {target.Options{UUID: given, CallID: call}, inURL},
		"audiosocket://127.0.0.1:9019/" + inURL + "/": {target.Options{}, inURL},
		"audiosocket://host.example:9019":             {target.Options{UUID: given, CallID: call}, given},
		"audiosocket://[::1]:9019/":                   {target.Options{CallID: strings.ToUpper(call)}, strings.ToUpper(call)},
	} {
		o := c.o
		o.URL, _ = url.Parse(text)
		scheme, _ := target.Lookup("audiosocket")
		if err := scheme.Check(&o); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if want := (media.Format{Rate: 8000, Channels: 1}); o.UUID != c.uuid || o.Format != want || o.Frame != 20*time.Millisecond {
			t.Errorf("%s: uuid %s, %s, %s", text, o.UUID, o.Format, o.Frame)
		}
	}
}

func TestAudioSocketCheckRefusesWithTheReason(t *testing.T) {
	t.Parallel()
	good := "audiosocket://127.0.0.1:9019/" + audioSocketUUID
	for name, c := range map[string]struct {
		url  string
		o    target.Options
		want string
	}{
		"no port":       {"audiosocket://127.0.0.1/" + audioSocketUUID, target.Options{}, "no port"},
		"port 0":        {"audiosocket://127.0.0.1:0/" + audioSocketUUID, target.Options{}, "no port"},
		"no host":       {"audiosocket://:9019/" + audioSocketUUID, target.Options{}, "no host"},
		"user":          {"audiosocket://a:b@127.0.0.1:9019", target.Options{}, "no authentication"},
		"query":         {good + "?rate=8000", target.Options{}, "more than a path"},
		"fragment":      {good + "#x", target.Options{}, "more than a path"},
		"uuid":          {"audiosocket://127.0.0.1:9019/call-1", target.Options{}, `uuid "call-1"`},
		"given uuid":    {"audiosocket://127.0.0.1:9019", target.Options{UUID: "x", CallID: audioSocketUUID}, `uuid "x"`},
		"no uuid":       {"audiosocket://127.0.0.1:9019", target.Options{}, "uuid"},
		"deep path":     {good + "/more", target.Options{}, "uuid"},
		"stereo":        {good, target.Options{Format: media.Format{Rate: 8000, Channels: 2}}, "2 channels"},
		"11025 Hz":      {good, target.Options{Format: media.Format{Rate: 11025}}, "11025 Hz, allowed are 8000, 12000"},
		"96000 Hz":      {good, target.Options{Format: media.Format{Rate: 96000}}, "96000 Hz"},
		"fork 16000 Hz": {good, target.Options{Dialect: "fork", Format: media.Format{Rate: 16000}}, "dialect fork has 8000 only"},
		"dialect":       {good, target.Options{Dialect: "asterisk"}, `dialect "asterisk": allowed are upstream, fork`},
		"1 ms":          {good, target.Options{Frame: time.Millisecond}, "frames of 1ms"},
		"1 s":           {good, target.Options{Frame: time.Second}, "frames of 1s"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		c.o.URL = u
		scheme, _ := target.Lookup("audiosocket")
		err = scheme.Check(&c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if c.o.Format.Channels == 2 && !errors.Is(err, media.ErrFormat) {
			t.Errorf("%s: %v is no media.ErrFormat", name, err)
		}
		var failed *target.ConnectError
		if _, err = scheme.Open(context.Background(), &c.o); !errors.As(err, &failed) || !failed.Final {
			t.Errorf("%s: open: %v", name, err)
		}
	}
}

func TestAudioSocketSaysTheUUIDFirstWholeInOneWrite(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	u, _ := url.Parse("audiosocket://" + ln.Addr().String() + "/" + strings.ToUpper(audioSocketUUID))
	c := mustOpenAudioSocket(t, &target.Options{URL: u})
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if got := target.Dialled(c).String(); got != ln.Addr().String() {
		t.Errorf("dialled %s, want %s", got, ln.Addr())
	}
	if err = c.Close(); err != nil {
		t.Error(err)
	}
	b, err := io.ReadAll(far)
	if want := "\x01\x00\x10\x40\x32\x5e\xc2\x5e\xfd\x4b\xd3\x80\x5f\x53\x57\x6e\x58\x1d\x13"; err != nil || string(b) != want {
		t.Errorf("%x, %v, want %x", b, err, want)
	}
	if e := c.Serve(&audioSocketHandler{}); e.By != target.ByLocal {
		t.Errorf("%+v", e)
	}
}

func TestAudioSocketTriesEveryAddress(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.3:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	d, err := target.NewDialer(target.DialOptions{Scripts: true, Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse("audiosocket://bot.example:" + port)
	c := mustOpenAudioSocket(t, &target.Options{URL: u, CallID: audioSocketUUID, Dial: d})
	defer c.Close()
	if got := target.Dialled(c).String(); got != ln.Addr().String() {
		t.Errorf("connected to %s, want %s", got, ln.Addr())
	}
}

func TestAudioSocketConnectionRefused(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.4:0") // where nobody else takes the port
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	u, _ := url.Parse("audiosocket://" + ln.Addr().String())
	_, err = tryAudioSocket(t, &target.Options{URL: u, CallID: audioSocketUUID})
	var failed *target.ConnectError
	if !errors.As(err, &failed) || failed.Code != target.CodeConnectFailed || failed.Final ||
		failed.Text != "Connection refused (system error 111)" {
		t.Errorf("%#v", err)
	}
}

func TestAudioSocketDoesNotConnectWhereTheRuleForbids(t *testing.T) {
	t.Parallel()
	d, err := target.NewDialer(target.DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse("audiosocket://127.0.0.1:9019")
	_, err = tryAudioSocket(t, &target.Options{URL: u, CallID: audioSocketUUID, Dial: d})
	var failed *target.ConnectError
	if !errors.As(err, &failed) || !failed.Final || !strings.Contains(failed.Text, "stream.allow") {
		t.Errorf("%#v", err)
	}
}

// One address alone gets 2 s as well, however much time there is.
func TestAudioSocketConnectTimesOutAfterTwoSeconds(t *testing.T) {
	t.Parallel()
	u, _ := url.Parse("audiosocket://" + deafListener(t))
	started := time.Now()
	_, err := tryAudioSocket(t, &target.Options{URL: u, CallID: audioSocketUUID})
	var failed *target.ConnectError
	if took := time.Since(started); !errors.As(err, &failed) || failed.Code != target.CodeTimeout || took < time.Second || took > 10*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}

func TestAudioSocketOpenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	u, _ := url.Parse("audiosocket://" + deafListener(t))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	scheme, _ := target.Lookup("audiosocket")
	started := time.Now()
	_, err := scheme.Open(ctx, &target.Options{URL: u, CallID: audioSocketUUID})
	var failed *target.ConnectError
	if took := time.Since(started); !errors.As(err, &failed) || failed.Code != target.CodeTimeout || took > 1900*time.Millisecond {
		t.Errorf("%v after %v", err, took)
	}
}
