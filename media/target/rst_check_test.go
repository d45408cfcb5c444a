package target_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
)

func TestRSTServerOfTheURLOrOfTheOptionsOrTheDefault(t *testing.T) {
	t.Parallel()
	s, _ := target.Lookup("rst")
	for _, c := range []struct{ url, server, problem string }{
		{"rst://", "", ""},
		{"rst://127.0.0.1", "", ""},
		{"rst://127.0.0.1/", "", ""},
		{"rst://[::1]", "", ""},
		{"rst://[::1]:9000", "", ""},
		{"rst://localhost:9000", "", ""},
		{"rst://", "10.0.0.1:9527", ""},
		{"rst://", "10.0.0.1", "host:port"},
		{"rst://127.0.0.1:0", "", "1 to 65535"},
		{"rst://127.0.0.1:70000", "", "1 to 65535"},
		{"rst://127.0.0.1:", "", "1 to 65535"},
		{"rst://:9527", "", "host"},
		{"rst://user:secret@127.0.0.1", "", "rst://host:port"},
		{"rst://127.0.0.1/path", "", "rst://host:port"},
		{"rst://127.0.0.1?a=b", "", "rst://host:port"},
		{"rst:opaque", "", "rst://host:port"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Check(&target.Options{URL: u, Server: c.server, CallID: rstID})
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s, server %q: %v, want %q", c.url, c.server, err, c.problem)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is in %q", err)
		}
	}
}

// The configured server gets what names none; without one it is the original's.
func TestRSTDefaultServerIsLoopback9527(t *testing.T) {
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.URL, o.Server = &url.URL{Scheme: "rst"}, far.addr.String()
	s := openRST(t, o)
	if got := far.next(); !strings.HasPrefix(got.text, "INV :") {
		t.Errorf("%q", got.text)
	}
	s.finish()
	o.URL, o.Server = &url.URL{Scheme: "rst"}, ""
	if s = openRST(t, o); target.Dialled(s.Conn).String() != "127.0.0.1:9527" {
		t.Errorf("sends to %v", target.Dialled(s.Conn))
	}
	s.finish()
}

func TestRSTCheckFillsTheFormatInAndRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	s, _ := target.Lookup("rst")
	if s.Ring != 200*time.Millisecond {
		t.Errorf("ring of %v", s.Ring)
	}
	for _, c := range []struct{ in, out media.Format }{
		{media.Format{}, media.Format{Rate: 8000, Channels: 2}},
		{media.Format{Rate: 48000, Channels: 1}, media.Format{Rate: 8000, Channels: 1}},
		{media.Format{Rate: 16000, Channels: 2}, media.Format{Rate: 8000, Channels: 2}},
	} {
		o := &target.Options{CallID: rstID, Format: c.in}
		if err := s.Check(o); err != nil || o.Format != c.out || o.Frame != 20*time.Millisecond {
			t.Errorf("%v: %v, frame %v, %v", c.in, o.Format, o.Frame, err)
		}
	}
	for want, o := range map[string]*target.Options{
		"UUID":           {CallID: "1"},
		"channels":       {CallID: rstID, Format: media.Format{Rate: 8000, Channels: 3}},
		"frame":          {CallID: rstID, Frame: 100 * time.Millisecond},
		"rst.generation": {CallID: rstID, Generation: 3},
		"rst.framing":    {CallID: rstID, Generation: 2, Framing: "raw"},
		"local ports":    {CallID: rstID, Generation: 2, LocalPorts: [2]int{20001, 20002}},
	} {
		if err := s.Check(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if _, err := s.Open(t.Context(), o); err == nil {
			t.Errorf("%s: opened", want)
		}
	}
}
