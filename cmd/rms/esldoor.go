package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"rms/call"
	"rms/config"
	"rms/scripting/esl"
)

// openESL serves the Event Socket where esl.listen says. Without it calls can still be
// handed to applications, by the verb socket.
func (s *server) openESL(cfg *config.Config) error {
	e := &cfg.ESL
	o := esl.Options{
		Manager: s.calls, Password: e.Password.Reveal(), Allow: e.Allow, MaxConns: e.MaxConnections, Version: version(), MaxCalls: s.maxCalls, Log: s.log,
	}
	if s.level != nil {
		o.Logs = s.level.lines
	}
	if e.Listen.IsValid() {
		o.Listen = e.Listen.String()
	}
	if o.Listen != "" && o.Password == "" {
		var err error
		if o.Password, err = s.eslPassword(e.PasswordFile); err != nil {
			return usageError{fmt.Errorf("%w (esl.password_file)", err)}
		}
	}
	s.esl = esl.New(o)
	if o.Listen == "" {
		return nil
	}
	if err := s.esl.Listen(); err != nil {
		return fmt.Errorf("%w (esl.listen, --esl)", err)
	}
	return nil
}

// socketApp hands a call to an application, for the verb socket.
func (s *server) socketApp(ctx context.Context, sock call.Socket) (bool, error) {
	return s.esl.Outbound(ctx, sock)
}

// maxPasswordFile bounds what is read of the file with the password.
const maxPasswordFile = 4096

// eslPassword reads the password from its file. When there is none it makes one and
// writes it there, for this user only.
func (s *server) eslPassword(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return s.readPassword(path)
	}
	if err != nil {
		return "", fmt.Errorf("make the file of the Event Socket's password: %w", err)
	}
	password := esl.NewPassword()
	_, err = io.WriteString(f, password+"\n")
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", fmt.Errorf("write the Event Socket's password: %w", err)
	}
	s.log.Info().Str("file", path).Msg("password of the Event Socket made")
	return password, nil
}

func (s *server) readPassword(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the Event Socket's password: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&0o077 != 0 {
		s.log.Warn().Str("file", path).Msg("others may read the password of the Event Socket: chmod 600")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPasswordFile))
	if err != nil {
		return "", fmt.Errorf("read the Event Socket's password: %w", err)
	}
	password, _, _ := strings.Cut(string(text), "\n")
	if password = strings.TrimRight(password, "\r"); len(password) < 8 {
		return "", fmt.Errorf("%s has no password of 8 characters in its first line: write one, or delete the file and one is made", path)
	}
	return password, nil
}

// greetESL says where the Event Socket is and where its password.
func (s *server) greetESL(w io.Writer, cfg *config.Config) {
	a := s.esl.Addr()
	if !a.IsValid() {
		return
	}
	where := "password: esl.password"
	if cfg.ESL.Password.Reveal() == "" {
		where = "password in " + cfg.ESL.PasswordFile
	}
	fmt.Fprintf(w, "  listening   esl://%s (%s)\n", a, where)
}
