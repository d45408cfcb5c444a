package config

import "time"

// RST holds the keys of section rst. The aliases are those of rst.conf.xml.
type RST struct {
	Server               HostPort      `alias:"udp-server-ip:host,udp-server-port:port" default:"127.0.0.1:9527"                                                                                                                                       doc:"Where RST goes when the URL, or the command, names no server."                           key:"server"`
	Generation           int           `default:"1"                                     doc:"1: each packet names the call and goes to one port, as mod_rst does it. 2: the server names two ports in an ACK, one for each side."                      key:"generation"                                                                              max:"2"             min:"1"`
	Framing              string        `default:"bare"                                  doc:"What a packet of generation 2 holds. bare: audio alone. data: the header of generation 1 before it. rtp: an RTP header before it."                        key:"framing"                                                                                 one:"bare,data,rtp"`
	WriteHex             bool          `alias:"write-hex"                               default:"false"                                                                                                                                                doc:"Write the audio of each call as text, two hex digits a byte, to one file for each side." key:"write_hex"`
	HexDir               string        `default:"./nway/records"                        doc:"Folder for the files of rst.write_hex; it is made when it is not there."                                                                                  key:"hex_dir"`
	Inactivity           time.Duration `default:"30s"                                   doc:"Of a receiver: a stream that nothing comes of for this long ends with BYE. The server receives none; rms sink rst does, and --inactivity wins over this." key:"inactivity"                                                                              max:"24h"           min:"1s"`
	InvTimeout           time.Duration `default:"5s"                                    doc:"How long a server of generation 2 may take for its ACK; INV is sent again meanwhile."                                                                     key:"inv_timeout"                                                                             max:"1m"            min:"100ms"`
	Ports                PortRange     `default:"30000-30999"                           doc:"Local UDP ports of generation 2, first and last; each stream takes an even one and the odd one above it. Keep it apart from rtp.ports."                   key:"ports"`
	AcceptDataWithoutInv bool          `default:"false"                                 doc:"Of a receiver: take audio of a call whose INV did not come. The server receives none; rms sink rst does, and --accept-data-without-inv wins over this."   key:"accept_data_without_inv"`
}
