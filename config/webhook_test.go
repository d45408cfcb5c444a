package config_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"rms/config"
)

func TestSecretsOfWebhooksAreNeverShown(t *testing.T) {
	t.Parallel()
	const hidden = "correct horse battery"
	c, err := config.Load(config.Options{Env: []string{"RMS_WEBHOOK_SECRET=" + hidden, "RMS_WEBHOOK_URL=https://example.com/x?y=1"}})
	if err != nil {
		t.Fatal(err)
	}
	if h := c.Webhook; h.Secret.Reveal() != hidden || h.URL != "https://example.com/x?y=1" || h.Timeout.String() != "5s" || h.Retries != 8 || h.Queue != 10000 || h.Memory != 8<<20 {
		t.Errorf("%+v", h)
	}
	var b bytes.Buffer
	if err := c.Print(&b); err != nil || !strings.Contains(b.String(), "secret: hidden") {
		t.Error(err)
	}
	if all := b.String() + fmt.Sprintf("%v %+v %#v", c.Webhook, c.Webhook, c.Webhook); strings.Contains(all, hidden) {
		t.Error("the secret is shown")
	}
	for _, bad := range []string{"short77", strings.Repeat("x", 513)} {
		_, err := config.Load(config.Options{Flags: map[string][]string{"webhook.secret": {bad}}})
		if err == nil || strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), "webhook.secret: the secret is too ") {
			t.Error(err)
		}
	}
}

func TestWebhooksInTheClearAreWarnedOf(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"": false, "https://a.example/": false, "http://127.0.0.1:1/": false, "http://localhost/": false, "http://[::1]/": false, "http://10.0.0.1/secret": true, "http://a.example/secret": true,
	} {
		c, err := config.Load(config.Options{Flags: map[string][]string{"webhook.url": {url}}})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(c.Warnings, "\n")
		if strings.Contains(text, "webhook.url") != want || strings.Contains(text, "secret") {
			t.Errorf("%q: %s", url, text)
		}
	}
}

func TestMistakesInWebhooks(t *testing.T) {
	t.Parallel()
	for flag, want := range map[[2]string]string{
		{"webhook.url", "ftp://a/secret"}:     `webhook.url: begins with "ftp", want http:// or https://`,
		{"webhook.url", "https://u:secret@h"}: "webhook.url: holds a user name or a password",
		{"webhook.events", "rms:*_end"}:       "webhook.events: a * can only stand at the end",
		{"webhook.timeout", "10ms"}:           "is too small",
		{"webhook.queue", "0"}:                "is too small",
	} {
		_, err := config.Load(config.Options{Flags: map[string][]string{flag[0]: {flag[1]}}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v", flag, err)
		}
	}
}
