package call

// forkSubprotocol is what mod_audio_fork offers to a server.
const forkSubprotocol = "audio.drachtio.org"

// forkArguments adds what mod_audio_fork takes from its environment and from variables
// of the channel. Here all of them are variables of the call.
func (c *Call) forkArguments(args map[string]any) {
	args["subprotocol"] = forkSubprotocol
	for parameter, name := range map[string]string{
		"subprotocol": "MOD_AUDIO_FORK_SUBPROTOCOL_NAME",
		"user":        "MOD_AUDIO_BASIC_AUTH_USERNAME",
		"password":    "MOD_AUDIO_BASIC_AUTH_PASSWORD",
	} {
		if v, ok := c.vars.get(name); ok {
			args[parameter] = text(v)
		}
	}
	if c.says("MOD_AUDIO_FORK_SKIP_SERVER_CERT_HOSTNAME_CHECK") {
		args["tls_skip_hostname"] = true
	}
}
