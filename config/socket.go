package config

import (
	"os"
	"path/filepath"
)

// AutoSocket is the value of http.socket that stands for the usual place.
const AutoSocket = "auto"

// SocketPath is the path that a value of http.socket means, "" for no socket. The
// usual place is one that no other user can write to; where there is none, there is no
// socket.
func SocketPath(value string) string {
	if value != AutoSocket {
		return value
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "rms.sock")
	}
	if os.Geteuid() == 0 {
		return "/run/rms.sock"
	}
	return ""
}
