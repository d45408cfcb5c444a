package call

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"rms/sip"
)

// ownVariables are variables that each channel of FreeSWITCH has by itself.
var ownVariables = map[string]func(*CallInfo) string{
	"uuid":           func(i *CallInfo) string { return i.ID },
	"call_uuid":      func(i *CallInfo) string { return i.ID },
	"direction":      func(*CallInfo) string { return "inbound" },
	"sip_call_id":    func(i *CallInfo) string { return i.SIPCallID },
	"sip_from_user":  func(i *CallInfo) string { return sip.Address{URI: i.From}.User() },
	"sip_from_uri":   func(i *CallInfo) string { return bareURI(i.From) },
	"sip_to_user":    func(i *CallInfo) string { return sip.Address{URI: i.To}.User() },
	"sip_to_uri":     func(i *CallInfo) string { return bareURI(i.To) },
	"sip_req_user":   func(i *CallInfo) string { return sip.Address{URI: i.RURI}.User() },
	"sip_req_uri":    func(i *CallInfo) string { return bareURI(i.RURI) },
	"sip_network_ip": func(i *CallInfo) string { return hostOf(i.Source) },
	"read_codec":     func(i *CallInfo) string { name, _ := codecOfInfo(i); return name },
	"write_codec":    func(i *CallInfo) string { name, _ := codecOfInfo(i); return name },
	"read_rate":      func(i *CallInfo) string { _, rate := codecOfInfo(i); return rate },
	"write_rate":     func(i *CallInfo) string { _, rate := codecOfInfo(i); return rate },
	"channel_name":   channelName,
}

func bareURI(uri string) string {
	_, rest, ok := strings.Cut(uri, ":")
	if !ok {
		return uri
	}
	rest, _, _ = strings.Cut(rest, ";")
	return rest
}

// hostOf is the address of an ip:port.
func hostOf(source string) string {
	i := strings.LastIndexByte(source, ':')
	if i < 0 {
		return source
	}
	return strings.Trim(source[:i], "[]")
}

func codecOfInfo(i *CallInfo) (name, rate string) {
	name, rate, _ = strings.Cut(i.Codec, "/")
	rate, _, _ = strings.Cut(rate, "/")
	return name, rate
}

// channelName is what FreeSWITCH would call the channel.
func channelName(i *CallInfo) string {
	if i.Kind == "audiosocket" {
		return "audiosocket/" + i.ID
	}
	return "sofia/rms/" + bareURI(i.From)
}

// channelStates are the words of FreeSWITCH for the states of a call: of the channel,
// of the call, of the answer.
var channelStates = map[string][3]string{
	"invited":  {"CS_EXECUTE", "RINGING", "ringing"},
	"early":    {"CS_EXECUTE", "EARLY", "early"},
	"answered": {"CS_EXECUTE", "ACTIVE", "answered"},
	"leaving":  {"CS_HANGUP", "HANGUP", "hangup"},
	"over":     {"CS_DESTROY", "DOWN", "hangup"},
}

// ChannelData describes a call in the words of FreeSWITCH, in the order of its events:
// what uuid_dump shows, and the part of an Event Socket event that is about the
// channel. All values are texts.
func ChannelData(i *CallInfo) []Field {
	st := channelStates[i.State]
	codec, rate := codecOfInfo(i)
	from, to := sip.Address{URI: i.From}.User(), sip.Address{URI: i.RURI}.User()
	created, answeredAt := microseconds(i.Invited), "0"
	if i.Answered != nil {
		answeredAt = microseconds(*i.Answered)
	}
	out := []Field{
		{"Channel-State", st[0]}, {"Channel-Call-State", st[1]}, {"Channel-State-Number", stateNumber(st[0])},
		{"Channel-Name", channelName(i)}, {"Unique-ID", i.ID}, {"Call-Direction", "inbound"},
		{"Presence-Call-Direction", "inbound"}, {"Channel-HIT-Dialplan", "true"}, {"Channel-Call-UUID", i.ID},
		{"Answer-State", st[2]},
	}
	if codec != "" {
		out = append(out, Field{"Channel-Read-Codec-Name", codec}, Field{"Channel-Read-Codec-Rate", rate},
			Field{"Channel-Write-Codec-Name", codec}, Field{"Channel-Write-Codec-Rate", rate})
	}
	out = append(out, []Field{
		{"Caller-Direction", "inbound"}, {"Caller-Logical-Direction", "inbound"}, {"Caller-Username", from},
		{"Caller-Dialplan", "rms"}, {"Caller-Caller-ID-Name", from}, {"Caller-Caller-ID-Number", from},
		{"Caller-Orig-Caller-ID-Name", from}, {"Caller-Orig-Caller-ID-Number", from},
		{"Caller-Network-Addr", hostOf(i.Source)}, {"Caller-ANI", from}, {"Caller-Destination-Number", to},
		{"Caller-Unique-ID", i.ID}, {"Caller-Source", "rms"}, {"Caller-Context", "default"},
		{"Caller-Channel-Name", channelName(i)}, {"Caller-Profile-Index", "1"},
		{"Caller-Profile-Created-Time", created}, {"Caller-Channel-Created-Time", created},
		{"Caller-Channel-Answered-Time", answeredAt}, {"Caller-Channel-Progress-Time", "0"},
		{"Caller-Channel-Progress-Media-Time", "0"}, {"Caller-Channel-Hangup-Time", "0"},
	}...)
	for _, name := range slices.Sorted(maps.Keys(ownVariables)) {
		if v := ownVariables[name](i); v != "" && i.Variables[name] == nil {
			out = append(out, Field{"variable_" + name, v})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(i.Variables)) {
		out = append(out, Field{"variable_" + name, shownValue(i.Variables[name])})
	}
	return out
}

func microseconds(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

func stateNumber(state string) string {
	switch state {
	case "CS_HANGUP":
		return "10"
	case "CS_DESTROY":
		return "12"
	}
	return "4"
}
