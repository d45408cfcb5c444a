// Package ctl is a client of the HTTP API for people: "rms ctl" and what it prints. It
// asks a server over its unix socket, or by URL with a token. ctl/top is its live
// table.
package ctl
