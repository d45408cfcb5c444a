package audiostream

import (
	"net"
	"strconv"
)

// Replies of mod_rst's commands. A command that was done writes nothing, which
// FreeSWITCH shows as NoReply.
const (
	RSTOK     = NoReply
	RSTFailed = "create session fail"
	RSTUsage  = "-USAGE: <uuid>\n"
)

// ParseRST reads the arguments of uuid_rst, <uuid> <ip> <port>, and returns the
// address as host:port.
func ParseRST(args string) (uuid, address string, r Reply) {
	if len(args) > maxLine {
		return "", "", refuse(RSTFailed, "command of %d bytes", len(args))
	}
	a := split(args, 4)
	if len(a) != 3 {
		return "", "", refuse(RSTFailed, "uuid_rst needs <uuid> <ip> <port>")
	}
	port, err := strconv.ParseUint(a[2], 10, 16)
	if err != nil || port == 0 {
		return a[0], "", refuse(RSTFailed, "port %q", a[2])
	}
	if err := checkHost(a[1]); err != nil {
		return a[0], "", refuse(RSTFailed, "%s", err)
	}
	return a[0], net.JoinHostPort(a[1], strconv.FormatUint(port, 10)), Reply{}
}

// ParseRSTStop reads the argument of rst_stop, <uuid>.
func ParseRSTStop(args string) (uuid string, r Reply) {
	if len(args) > maxLine {
		return "", refuse(RSTUsage, "command of %d bytes", len(args))
	}
	a := split(args, 2)
	if len(a) != 1 {
		return "", refuse(RSTUsage, "rst_stop needs <uuid>")
	}
	return a[0], Reply{}
}
