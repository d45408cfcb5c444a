package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"rms/config"
	"rms/media/target"
	"rms/scripting/webhook"
)

// flushLimit is how long events may wait for the webhook's receiver when the server
// ends.
const flushLimit = 3 * time.Second

// openWebhook posts events to webhook.url.
func (s *server) openWebhook(cfg *config.Config) error {
	w := &cfg.Webhook
	if w.URL == "" {
		return nil
	}
	dial, err := configuredDialer(string(w.URL), s.isOwn)
	if err != nil {
		return err
	}
	s.webhook, err = webhook.Open(webhook.Options{
		URL: string(w.URL), Events: w.Events, Secret: w.Secret.Reveal(), Timeout: w.Timeout, Retries: w.Retries, Size: w.Queue,
		Bytes: int(w.Memory), CAFile: w.TLSCA, Dial: dial.DialContext, Agent: "rms/" + version(), Calls: s.calls, Log: s.log,
	})
	if err != nil {
		return usageError{fmt.Errorf("%w (webhook)", err)}
	}
	return nil
}

// configuredDialer connects to what the configuration names: an address as it is, a name
// wherever it leads but to special addresses and to this server.
func configuredDialer(text string, own func(network string, addr netip.AddrPort) bool) (*target.Dialer, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	o := target.DialOptions{Scripts: true, Own: own}
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		o.Allow = []string{addr.WithZone("").String()}
	}
	return target.NewDialer(o)
}

// closeWebhook delivers what waits, within bounds.
func (s *server) closeWebhook() {
	if s.webhook == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushLimit)
	defer cancel()
	if err := s.webhook.Close(ctx); err != nil {
		s.log.Warn().Err(err).Msg("webhook closed")
	}
}
