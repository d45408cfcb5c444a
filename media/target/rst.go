package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rms/media"
	"rms/media/wire/rst"
)

// rstServer is where streams go whose URL names no host: udp-server-ip and
// udp-server-port of rst.conf.xml.
const rstServer = "127.0.0.1:9527"

// Limits of the length of a frame: the original server reads 1024 bytes.
const (
	rstShortest = 5 * time.Millisecond
	rstLongest  = 60 * time.Millisecond
)

func init() {
	Register(&Scheme{
		Names: []string{"rst"},
		Doc:   "datagrams of mod_rst: rst://host:port, or rst:// for the configured server",
		Ring:  200 * time.Millisecond,
		Check: rstCheck,
		Open:  rstOpen,
	})
}

// rstCheck fills the defaults in. Whatever the caller wanted, the wire has 8000 Hz;
// two channels are the caller on R and the callee on W, one is R alone.
func rstCheck(o *Options) error {
	address, err := rstAddress(o)
	if err != nil {
		return err
	}
	o.URL = &url.URL{Scheme: "rst", Host: address} // what logs and events show
	if !rst.ValidID(rstID(o)) {
		return fmt.Errorf("stream to %s: %q is no UUID", o.URL, rstID(o))
	}
	o.Format.Rate = 8000
	if o.Format.Channels == 0 {
		o.Format.Channels = 2
	}
	if o.Format.Channels > 2 {
		return fmt.Errorf("stream to %s: %w: %d channels, allowed are 1 and 2", o.URL, media.ErrFormat, o.Format.Channels)
	}
	if o.Frame == 0 {
		o.Frame = 20 * time.Millisecond
	}
	if o.Frame < rstShortest || o.Frame > rstLongest {
		return fmt.Errorf("stream to %s: frame of %v, allowed are %v to %v", o.URL, o.Frame, rstShortest, rstLongest)
	}
	return rstCheckGeneration(o)
}

func rstCheckGeneration(o *Options) error {
	if o.Generation == 0 {
		o.Generation = 1
	}
	if o.Generation != 1 && o.Generation != 2 {
		return fmt.Errorf("rst.generation %d: allowed are 1 and 2", o.Generation)
	}
	if o.Framing == "" {
		o.Framing = framingBare
	}
	if _, ok := rstHeaders[o.Framing]; !ok {
		return fmt.Errorf("rst.framing %q: allowed are bare, data, rtp", o.Framing)
	}
	if o.LocalPorts == [2]int{} {
		o.LocalPorts = [2]int{20000, 29999}
	}
	if p := o.LocalPorts; p[0] < 1 || p[1] > 65535 || evenAbove(p[0])+1 > p[1] {
		return fmt.Errorf("local ports %d-%d of rst: no even port with the odd one above it", p[0], p[1])
	}
	if o.InviteAfter == 0 {
		o.InviteAfter = 5 * time.Second
	}
	return nil
}

// rstID is the UUID that the server sees. A second stream of a call to the same
// server needs one of its own.
func rstID(o *Options) string {
	if o.UUID != "" {
		return o.UUID
	}
	return o.CallID
}

// rstAddress returns host:port of the server.
func rstAddress(o *Options) (string, error) {
	u := o.URL
	if u == nil {
		u = &url.URL{Scheme: "rst"}
	}
	if u.Opaque != "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q: want rst://host:port", u.Redacted())
	}
	address := u.Host
	if address == "" {
		address = o.Server
	}
	if address == "" {
		return rstServer, nil
	}
	if u.Host != "" && u.Port() == "" && !strings.HasSuffix(u.Host, ":") {
		address = net.JoinHostPort(u.Hostname(), strconv.Itoa(rst.DefaultPort))
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("rst server %q: want host:port", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || host == "" {
		return "", fmt.Errorf("rst server %q: want a host and a port from 1 to 65535", address)
	}
	return address, nil
}

// rstOpen says INV, and in generation 2 awaits its ACK.
func rstOpen(ctx context.Context, o *Options) (Conn, error) {
	checked := *o
	o = &checked
	if err := rstCheck(o); err != nil {
		return nil, &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Final: true, Err: err}
	}
	address, err := rstAddress(o)
	if err != nil {
		return nil, &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Final: true, Err: err}
	}
	socket, err := o.Dial.DialContext(ctx, "udp", address)
	if err != nil {
		return nil, rstConnectError(err)
	}
	main, ok := socket.(*net.UDPConn)
	if !ok {
		_ = socket.Close()
		err := fmt.Errorf("stream to %s: the dialer made a %T", address, socket)
		return nil, &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Final: true, Err: err}
	}
	c := newRSTConn(o, main)
	if o.Generation == 2 {
		if err := c.openPair(ctx, o); err != nil {
			return nil, err
		}
	} else {
		c.control(rst.AppendInv(nil, c.id, o.Caller, o.Callee, 0, 0))
	}
	if o.HexDir != "" {
		c.dump = newRSTDump(o, c.frameBytes(), c.wake)
	}
	return c, nil
}

func rstConnectError(err error) *ConnectError {
	e := &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Err: err}
	if refused := (*RefusedError)(nil); errors.As(err, &refused) {
		e.Final = true
	}
	if errors.Is(err, context.DeadlineExceeded) {
		e.Code = CodeTimeout
	}
	return e
}
