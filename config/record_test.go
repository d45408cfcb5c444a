package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rms/config"
)

func TestRecordingsHaveTheDefaultsOfTheContract(t *testing.T) {
	t.Parallel()
	c, err := config.Load(config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Record; r.Root != "./recordings" || r.Sync != "second" || r.MinFree != 1<<30 || r.Required || r.Sides != "stereo" || r.Keep != 0 || !r.SIPREC {
		t.Errorf("%+v", r)
	}
	if u := c.Upload; u.To != "" || !u.KeepLocal || u.During || u.Timeout != time.Minute {
		t.Errorf("%+v", u)
	}
}

func TestSecretsOfUploadsAreNeverShown(t *testing.T) {
	t.Parallel()
	const hidden = "wJalrXUtnFEMI/K7MDENG"
	c, err := config.Load(config.Options{Env: []string{"RMS_UPLOAD_SECRET_KEY=" + hidden, "RMS_UPLOAD_TOKEN=" + hidden, "RMS_UPLOAD_TO=s3://calls/a/b"}})
	if err != nil {
		t.Fatal(err)
	}
	if u := c.Upload; u.SecretKey.Reveal() != hidden || u.Token.Reveal() != hidden || u.To != "s3://calls/a/b" {
		t.Error("the secret did not arrive")
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil || strings.Contains(b.String()+fmt.Sprintf("%v %+v %#v", c.Upload, c.Upload, c.Upload), hidden) {
		t.Error("the secret is shown", err)
	}
}

func TestUploadsGoOnlyToWhatIsAnAddress(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"s3://calls": "", "s3://calls/2026/x": "", "https://h.example/in/": "", "http://127.0.0.1:9000/in": "",
		"calls": "no URL", "ftp://h/x": "neither", "https://user:secretword@h/": "has a password", "s3://calls:80/x": "parts", "https://h/#x": "parts",
	} {
		_, err := config.Load(config.Options{Flags: map[string][]string{"upload.to": {to}}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secretword")) {
			t.Errorf("%q: %v", to, err)
		}
	}
	for flag, value := range map[string]string{"upload.endpoint": "s3.local", "record.root": "", "record.required": "true"} {
		flags := map[string][]string{"upload.to": {"s3://calls"}, flag: {value}}
		if flag == "record.required" {
			flags["record.root"] = []string{""}
		}
		if _, err := config.Load(config.Options{Flags: flags}); err == nil {
			t.Errorf("%s=%q was taken", flag, value)
		}
	}
}

func TestRecordingsInTheClearAreWarnedOf(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]bool{"http://10.0.0.1/in": true, "http://localhost/in": false, "https://h.example/": false} {
		c, err := config.Load(config.Options{Flags: map[string][]string{"upload.to": {to}}})
		if err != nil {
			t.Fatal(err)
		}
		if warned := strings.Contains(strings.Join(c.Warnings, "\n"), "upload.to"); warned != want {
			t.Errorf("%s: %q", to, c.Warnings)
		}
	}
}
