// Package config is the configuration of rms: one typed struct whose tags are
// the only table of keys, defaults and docs. A value comes from the default,
// then the YAML file, then the environment (RMS_SIP_LISTEN), then a flag
// (--sip.listen); the later one wins.
//
//	c, err := config.Load(config.Options{File: "rms.yaml", Env: os.Environ()})
//	if err != nil {
//		return err // every problem with file, line, column and what is allowed
//	}
//	fmt.Println(c.RTP.Ports.Min)
package config

import (
	"net/netip"
	"time"
)

// Config is the whole configuration, checked. Its field tags are the table that
// the parser, the flags, Print and Markdown read:
//
//	key      name in YAML; joined with the section's by a dot
//	short    second name of the flag, without a section
//	default  value when nothing sets the key
//	min max  smallest and largest value
//	step     what the value must be a multiple of
//	one      the only values allowed, comma-separated
//	alias    other names in the file, comma-separated; name:part sets a part of the value
//	empty    what the empty value means; without it the empty value is refused
//	doc      one or more sentences for people
type Config struct {
	SIP         SIP         `doc:"Signalling."                                                 key:"sip"`
	Call        Call        `doc:"Limits of every call."                                       key:"call"`
	RTP         RTP         `doc:"Audio packets."                                              key:"rtp"`
	Media       Media       `doc:"Prompts."                                                    key:"media"`
	Script      Script      `doc:"The script that runs calls."                                 key:"script"`
	Stream      Stream      `doc:"Audio sent live to programs outside, and theirs to callers." key:"stream"`
	RST         RST         `doc:"Streams to rst:// servers."                                  key:"rst"`
	AudioSocket AudioSocket `doc:"Calls that come over AudioSocket."                           key:"audiosocket"`
	HTTP        HTTP        `doc:"The HTTP API."                                               key:"http"`
	ESL         ESL         `doc:"The Event Socket."                                          key:"esl"`
	Webhook     Webhook     `doc:"Events that are posted to a URL."                            key:"webhook"`
	Record      Record      `doc:"Recordings."                                                 key:"record"`
	Upload      Upload      `doc:"Where recordings are delivered to."                          key:"upload"`
	Log         Log         `doc:"What is written for people."                                 key:"log"`

	origins map[string]string
	// Warnings are findings that do not stop the program: each is a sentence.
	Warnings []string
}

// SIP holds the keys of section sip.
type SIP struct {
	Listen            []Endpoint     `default:"udp://0.0.0.0:5060,tcp://0.0.0.0:5060" doc:"Where SIP is heard: transport, address and port; [::] for all IPv6. A reply leaves from the socket that the request came to."                      key:"listen" short:"listen"`
	Advertise         netip.Addr     `doc:"Address to put in Contact, for a server behind NAT."                                                                                                                                              empty:"the address that the request came to" key:"advertise" short:"advertise"`
	Trusted           []netip.Prefix `default:"127.0.0.0/8,::1/128" doc:"Proxies: addresses and networks to which the limit per source does not apply."                                                                                         empty:"none" key:"trusted"`
	NewCallsPerSecond int            `default:"500" doc:"New calls per second from all sources together; more get 503 with Retry-After."                                                                                                        key:"new_calls_per_second" max:"1000000" min:"1"`
	PerSource         int            `default:"50" doc:"New calls per second from one source that is not in sip.trusted; more get 503 with Retry-After."                                                                                        key:"per_source" max:"1000000" min:"1"`
	MaxCalls          int            `default:"5000" doc:"Calls at one time; more get 503. Each call takes two sockets, so the limit on open files bounds it too."                                                                              key:"max_calls" max:"1000000" min:"1"`
	HalfOpen          int            `default:"1000" doc:"Calls at one time that have not seen their ACK; more get 503."                                                                                                                        key:"half_open" max:"1000000" min:"1"`
	SessionExpires    time.Duration  `default:"30m" doc:"Session timer that we ask for (RFC 4028); a call whose refresh does not come ends."                                                                                                    key:"session_expires" max:"24h" min:"90s"`
	MinSE             time.Duration  `default:"90s" doc:"Shortest session timer that we accept; a shorter one gets 422 (RFC 4028)."                                                                                                             key:"min_se" max:"24h" min:"90s"`
}

// Call holds the keys of section call.
type Call struct {
	MaxDuration time.Duration `default:"4h" doc:"A call that lasts this long is ended with BYE."                                       key:"max_duration" max:"168h" min:"1s"`
	RingTimeout time.Duration `default:"60s" doc:"An INVITE that a script rang and nobody answered for this long gets 480."           key:"ring_timeout" max:"1h" min:"1s"`
}

// RTP holds the keys of section rtp.
type RTP struct {
	Ports     PortRange     `default:"10000-29999" doc:"UDP ports for audio, first and last; each call takes an even one and the odd one above it. Keep it below the ephemeral range of the system."                                                                key:"ports" short:"rtp-ports"`
	Advertise netip.Addr    `doc:"Address to put in SDP, for a server behind NAT."                                                                                                                                                                                empty:"sip.advertise when set, else the address that the request came to" key:"advertise"`
	Bind      netip.Addr    `doc:"Local address of the audio sockets."                                                                                                                                                                                            empty:"the address that the request came to" key:"bind"`
	Latch     string        `default:"nat" doc:"From which address audio is taken, and where ours goes. nat: the source named in SDP wins for good once it has sent; before that, several packets in sequence from one source move it. sdp: only the source named in SDP. off: any source."  key:"latch" one:"nat,sdp,off"`
	Timeout   time.Duration `default:"30s" doc:"A call that hears no RTP and no RTCP for this long ends; not while on hold or when we only send."                                                                                                                 key:"timeout" max:"24h" min:"1s"`
	Jitter    DurationRange `default:"20ms-200ms" doc:"Smallest and largest depth of the jitter buffer; it adapts between them."                                                                                                                                  key:"jitter" max:"2s" min:"10ms"`
}

// Media holds the keys of section media.
type Media struct {
	Roots []string `default:"./prompts" doc:"Folders with prompts, searched in this order, then the prompts built into the program. Nothing outside them is ever opened."  empty:"only the prompts built into the program" key:"roots" short:"media-root"`
	Cache Size     `default:"64MiB" doc:"Memory for prompts that are ready to send, shared by all calls."                                                                  key:"cache" max:"64GiB" min:"1MiB"`
}

// Script holds the keys of section script.
type Script struct {
	File   string        `doc:"Script to run, by its ending: .lua or .star."                                                             empty:"the script built into the program" key:"file" short:"script"`
	Budget time.Duration `default:"50ms" doc:"A handler that computes for longer is stopped and becomes rms:script_error."           key:"budget" max:"10s" min:"1ms"`
	Memory Size          `default:"64MiB" doc:"A handler that takes more memory than this is stopped and becomes rms:script_error."  key:"memory" max:"64GiB" min:"1MiB"`
	Watch  bool          `default:"false" doc:"Load the script again when its file or one that it requires has changed, as SIGHUP does. New calls get the new version; one with a mistake is logged and not used."  key:"watch"`
}

// Log holds the keys of section log.
type Log struct {
	Level      string `default:"info" doc:"Least important lines to write."                                      key:"level" one:"trace,debug,info,warn,error" short:"log-level"`
	Format     string `default:"auto" doc:"Form of a line. auto: console on a terminal, json elsewhere."        key:"format" one:"auto,console,json"`
	File       string `default:"stderr" doc:"File to append to, or the words stderr or stdout."                 key:"file" short:"log-file"`
	MaskDigits bool   `default:"false" doc:"Write * for each key pressed by a caller, for PINs and cards."      key:"mask_digits"`
	Records    string `doc:"File to append call records to: a line of JSON for each call, when it has ended. SIGHUP opens it anew, after it was moved away." empty:"none are written" key:"records"`
}
