package call

import (
	"strings"

	"github.com/google/uuid"

	"rms/sip"
)

// Replies of FreeSWITCH 1.10.
const (
	apiOK        = "+OK\n"
	apiNoChannel = "-ERR No such channel!\n"
	apiNoSession = "-ERR Cannot locate session!\n"
)

func init() {
	apis["create_uuid"] = func(*Exec, string) string { return uuid.NewString() }
	apis["uuid_exists"] = func(x *Exec, args string) string {
		if _, ok := x.manager.Find(strings.TrimSpace(args)); ok {
			return "true"
		}
		return "false"
	}
	apis["uuid_answer"] = func(x *Exec, args string) string {
		id, _ := firstWord(args)
		if id == "" {
			return "-USAGE: <uuid>\n"
		}
		return x.command("uuid_answer", id, func(c *Call) error {
			if c.state == answered {
				return nil
			}
			return c.answer(EventStart)
		})
	}
	apis["uuid_kill"] = func(x *Exec, args string) string {
		id, cause := firstWord(args)
		if id == "" {
			return "-USAGE: <uuid> [cause]\n"
		}
		return x.command("uuid_kill", id, func(c *Call) error {
			if c.state >= leaving {
				return ErrGone
			}
			c.hangup(killed(cause))
			return nil
		})
	}
}

// firstWord splits a command's arguments behind the first.
func firstWord(args string) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimSpace(args), " ")
	return word, strings.TrimSpace(rest)
}

// onCall runs op in the mailbox of a call for a command of FreeSWITCH.
func (x *Exec) onCall(id string, op func(c *Call) error) error {
	return x.on(id, func(x *Exec) error { return op(x.call) })
}

// command runs op for a command whose reply says only whether it worked; why not is
// in the log too.
func (x *Exec) command(name, id string, op func(c *Call) error) string {
	if _, ok := x.manager.Find(id); !ok {
		return apiNoChannel
	}
	if err := x.onCall(id, op); err != nil {
		x.Log().Warn().Str("command", name).Str("uuid", id).Str("reason", err.Error()).Msg("api command refused")
		if ClassOf(err) == ClassGone {
			return apiNoChannel
		}
		return failed(err)
	}
	return apiOK
}

// causes are the SIP codes for causes of a hang-up (RFC 3398 section 7.2.4.1 read
// backwards): for a call that is not answered.
var causes = map[string]int{
	"UNALLOCATED_NUMBER": 404, "NO_ROUTE_DESTINATION": 404, "USER_BUSY": 486, "NO_USER_RESPONSE": 408, "NO_ANSWER": 480,
	"SUBSCRIBER_ABSENT": 480, "CALL_REJECTED": 603, "NUMBER_CHANGED": 410, "DESTINATION_OUT_OF_ORDER": 502,
	"INVALID_NUMBER_FORMAT": 484, "FACILITY_REJECTED": 501, "NORMAL_UNSPECIFIED": 480, "NORMAL_CIRCUIT_CONGESTION": 503,
	"NETWORK_OUT_OF_ORDER": 503, "NORMAL_TEMPORARY_FAILURE": 503, "SWITCH_CONGESTION": 503, "BEARERCAPABILITY_NOTAVAIL": 488,
	"INCOMPATIBLE_DESTINATION": 488, "RECOVERY_ON_TIMER_EXPIRE": 504, "ORIGINATOR_CANCEL": 487, "EXCHANGE_ROUTING_ERROR": 483,
	"BUSY_EVERYWHERE": 600, "DECLINE": 603, "DOES_NOT_EXIST_ANYWHERE": 604, "NOT_ACCEPTABLE": 606,
}

// killed is the end of a call by its name in FreeSWITCH; one that is not known is an
// ordinary hang-up, as there.
func killed(cause string) sip.Cause {
	name := strings.ToUpper(cause)
	code, ok := causes[name]
	if !ok {
		return sip.Cause{By: sip.ByUs, Code: 200, Text: "NORMAL_CLEARING"}
	}
	return sip.Cause{By: sip.ByUs, Code: code, Text: name}
}
