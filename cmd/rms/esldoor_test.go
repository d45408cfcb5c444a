package main

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"rms/config"
)

// eslServer starts a server with an Event Socket.
func eslServer(t *testing.T, flags map[string][]string) (*server, *config.Config, error) {
	t.Helper()
	all := map[string][]string{
		"sip.listen": {"udp://127.0.0.1:0"}, "http.listen": {""}, "http.socket": {""}, "esl.listen": {"127.0.0.1:0"},
		"esl.password_file": {filepath.Join(t.TempDir(), "secret")}, "sip.max_calls": {"10"},
	}
	for k, v := range flags {
		all[k] = v
	}
	cfg, err := config.Load(config.Options{Flags: all})
	if err != nil {
		return nil, nil, err
	}
	s, err := newServer(cfg, zerolog.Nop(), nil)
	if err == nil {
		t.Cleanup(s.close)
	}
	return s, cfg, err
}

// authorised tells whether a server takes a password.
func authorised(t *testing.T, s *server, password string) bool {
	t.Helper()
	c, err := net.Dial("tcp", s.esl.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("auth " + password + "\n\nexit\n\n")); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "Reply-Text: "); ok {
			return text == "+OK accepted"
		}
	}
	return false
}

func TestThePasswordOfTheEventSocketIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "esl.password")
	flags := map[string][]string{"esl.password_file": {path}}
	s, cfg, err := eslServer(t, flags)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	password := strings.TrimSpace(string(text))
	if !authorised(t, s, password) || authorised(t, s, "ClueCon") || authorised(t, s, "") {
		t.Error("the password in the file is not the one")
	}
	var out bytes.Buffer
	s.greet(&out, cfg)
	if !strings.Contains(out.String(), "esl://127.0.0.1:") || !strings.Contains(out.String(), "(password in "+path+")") || strings.Contains(out.String(), password) {
		t.Error(out.String())
	}
	again, _, err := eslServer(t, flags)
	if err != nil || !authorised(t, again, password) {
		t.Errorf("the second start has another password: %v", err)
	}
}

func TestTheEventSocketRefusesAFileWithoutAPassword(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "esl.password")
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, t.TempDir(), filepath.Join(t.TempDir(), "no", "folder")} {
		if _, _, err := eslServer(t, map[string][]string{"esl.password_file": {p}}); err == nil || !strings.Contains(err.Error(), "esl.password_file") {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestTheEventSocketIsOpenToOthersOnlyWithASecret(t *testing.T) {
	t.Parallel()
	for password, ok := range map[string]bool{"": false, "ClueCon!": true, "a long secret": true} {
		_, err := config.Load(config.Options{Flags: map[string][]string{"esl": {"0.0.0.0:8021"}, "esl.password": {password}}})
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "can be reached from other machines") {
			t.Errorf("%q: %v", password, err)
		}
	}
	if _, err := config.Load(config.Options{Flags: map[string][]string{"esl": {"0.0.0.0:8021"}, "esl.password": {"ClueCon"}}}); err == nil {
		t.Error("a password that everybody knows is taken")
	}
	s, _, err := eslServer(t, map[string][]string{"esl.password": {"of my own"}})
	if err != nil || !authorised(t, s, "of my own") {
		t.Errorf("%v", err)
	}
	none, cfg, err := eslServer(t, map[string][]string{"esl.listen": {""}})
	if err != nil || none.esl.Addr().IsValid() {
		t.Errorf("it listens: %v", err)
	}
	var out bytes.Buffer
	none.greet(&out, cfg)
	if _, err := os.Stat(cfg.ESL.PasswordFile); err == nil || strings.Contains(out.String(), "esl://") {
		t.Error("a password was made for nothing")
	}
}
