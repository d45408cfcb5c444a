package config

import "net/netip"

// AudioSocket holds the keys of section audiosocket, of the listener; a stream to
// audiosocket:// needs none of them.
type AudioSocket struct {
	Listen         netip.AddrPort `doc:"Where AudioSocket is heard, over TCP; each connection is a call." empty:"not at all"                                                                                                                                                               key:"listen"          short:"audiosocket"`
	Accept         string         `default:"any"                                                          doc:"Which calls are taken. any: each UUID that is not live already. registered: only one that was announced before."                                                            key:"accept"          one:"any,registered"`
	Dialect        string         `default:"upstream"                                                     doc:"What a digit looks like. upstream: Asterisk, one message with the digit. fork: begin and end, with control messages. A peer that shows another one is answered in its own." key:"dialect"         one:"upstream,fork"`
	Payload        string         `default:"slin"                                                         doc:"What messages of type 0x10 hold: signed linear as the protocol says, or PCMU or PCMA as a misconfigured dialplan sends. It is never guessed."                               key:"payload"         one:"slin,pcmu,pcma"`
	MaxConnections int            `default:"2000"                                                         doc:"Connections at one time from all sources together; more are closed."                                                                                                        key:"max_connections" max:"1000000"        min:"1"`
	PerSource      int            `default:"1000"                                                         doc:"Connections at one time from one source; more are closed."                                                                                                                  key:"per_source"      max:"1000000"        min:"1"`
}
