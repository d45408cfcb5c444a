package call

import "testing"

func TestForkMayLeaveTheNameInTheCertificateUnchecked(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"true": true, "false": false} {
		c, args := new(Call), make(map[string]any)
		if err := c.vars.set("MOD_AUDIO_FORK_SKIP_SERVER_CERT_HOSTNAME_CHECK", value); err != nil {
			t.Fatal(err)
		}
		c.forkArguments(args)
		if got := args["tls_skip_hostname"] == true; got != want {
			t.Errorf("%q: unchecked %v", value, got)
		}
	}
}
