package place_test

import (
	"strings"
	"testing"

	"rms/config/place"
)

func TestURLsThatNothingCanBePostedTo(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"": "begins with", "ftp://a/": `begins with "ftp"`, "http://": "no host", "http:///x": "no host", "https://u:secret@h/": "user name",
		"http://h/#x": "behind #", "http://[::1": "no URL", "http://h\x00": "no URL", "javascript:alert(1)": "begins with", "//h/x": "begins with",
	} {
		err := place.CheckWebURL(url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
	for _, url := range []string{"http://127.0.0.1:80", "https://example.com/a/b?token=x", "http://[::1]:8080/"} {
		if err := place.CheckWebURL(url); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}
