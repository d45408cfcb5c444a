package main

import (
	"context"
	"net"
	"strings"
	"testing"

	"rms/cmd/rms/sink"
)

func TestSinkTakesWhatTheConfigurationSaysOfReceiversOfRST(t *testing.T) {
	t.Parallel()
	config := file(t, "rms.yaml", "rst:\n  inactivity: 1s\n  accept_data_without_inv: true\n")
	var out output
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"sink", "rst", "-c", config, "--listen", "127.0.0.1:0", "--dir", "", "--json"}, &out, &out)
	}()
	address := strings.TrimPrefix(until(t, out.String, func(e []sink.Event) bool { return len(e) == 1 })[0].Address, "rst://")
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("DATA:478525a8-8263-4550-b18c-d027d11c9865:R:00:3:abc")); err != nil {
		t.Fatal(err)
	}
	all := until(t, out.String, func(e []sink.Event) bool { return len(e) > 0 && e[len(e)-1].Event == "stop" })
	if stop := all[len(all)-1]; !strings.Contains(out.String(), "nothing came for 1s") {
		t.Errorf("%+v", stop)
	}
	interrupt()
	if code := <-done; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestSinkRefusesAConfigurationWithAMistake(t *testing.T) {
	t.Parallel()
	config := file(t, "rms.yaml", "rst:\n  inactivity: soon\n")
	var out output
	if code := run(t.Context(), []string{"sink", "rst", "-c", config}, &out, &out); code == exitOK || !strings.Contains(out.String(), "rst.inactivity") {
		t.Errorf("%d: %s", code, out.String())
	}
}
