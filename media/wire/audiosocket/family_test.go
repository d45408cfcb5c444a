package audiosocket_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"rms/media/wire/audiosocket"
)

func TestAllOfIPv4IsNotIPv6(t *testing.T) {
	t.Parallel()
	s, err := audiosocket.Listen(audiosocket.ServerOptions{Listen: "0.0.0.0:0"}, func(*audiosocket.Peer) {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	for network, host := range map[string]string{"tcp4": "127.0.0.1", "tcp6": "[::1]"} {
		c, err := net.DialTimeout(network, fmt.Sprintf("%s:%d", host, s.Addr().Port()), patience)
		if (err == nil) != (network == "tcp4") {
			t.Errorf("%s: %v", network, err)
		}
		if err == nil {
			_ = c.Close()
		}
	}
}
