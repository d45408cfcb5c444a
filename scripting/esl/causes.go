package esl

import (
	"strconv"
	"strings"
)

// causes are the causes of a hang-up by their names and numbers (ITU-T Q.850 table 1, and
// those above 127 that the original has of its own).
var causes = map[string]int{
	"NONE": 0, "UNALLOCATED_NUMBER": 1, "NO_ROUTE_TRANSIT_NET": 2, "NO_ROUTE_DESTINATION": 3, "CHANNEL_UNACCEPTABLE": 6,
	"NORMAL_CLEARING": 16, "USER_BUSY": 17, "NO_USER_RESPONSE": 18, "NO_ANSWER": 19, "SUBSCRIBER_ABSENT": 20, "CALL_REJECTED": 21,
	"NUMBER_CHANGED": 22, "REDIRECTION_TO_NEW_DESTINATION": 23, "EXCHANGE_ROUTING_ERROR": 25, "DESTINATION_OUT_OF_ORDER": 27,
	"INVALID_NUMBER_FORMAT": 28, "FACILITY_REJECTED": 29, "NORMAL_UNSPECIFIED": 31, "NORMAL_CIRCUIT_CONGESTION": 34,
	"NETWORK_OUT_OF_ORDER": 38, "NORMAL_TEMPORARY_FAILURE": 41, "SWITCH_CONGESTION": 42, "REQUESTED_CHAN_UNAVAIL": 44,
	"OUTGOING_CALL_BARRED": 52, "INCOMING_CALL_BARRED": 54, "BEARERCAPABILITY_NOTAUTH": 57, "BEARERCAPABILITY_NOTAVAIL": 58,
	"SERVICE_UNAVAILABLE": 63, "INCOMPATIBLE_DESTINATION": 88, "RECOVERY_ON_TIMER_EXPIRE": 102, "INTERWORKING": 127,
	"ORIGINATOR_CANCEL": 487, "ALLOTTED_TIMEOUT": 602, "MEDIA_TIMEOUT": 604, "PROGRESS_TIMEOUT": 607, "LOSE_RACE": 502,
	"BUSY_EVERYWHERE": 822, "DECLINE": 823, "DOES_NOT_EXIST_ANYWHERE": 824, "NOT_ACCEPTABLE": 825,
}

// causesOfSIP are the causes of a call that was refused with a status code (RFC 3398
// section 7.2.4.1).
var causesOfSIP = map[int]string{
	301: "NUMBER_CHANGED", 302: "REDIRECTION_TO_NEW_DESTINATION", 400: "NORMAL_TEMPORARY_FAILURE", 401: "CALL_REJECTED", 402: "CALL_REJECTED",
	403: "CALL_REJECTED", 404: "UNALLOCATED_NUMBER", 405: "SERVICE_UNAVAILABLE", 406: "INCOMPATIBLE_DESTINATION", 407: "CALL_REJECTED",
	408: "RECOVERY_ON_TIMER_EXPIRE", 410: "NUMBER_CHANGED", 415: "INCOMPATIBLE_DESTINATION", 420: "INTERWORKING", 480: "NO_USER_RESPONSE",
	481: "NORMAL_TEMPORARY_FAILURE", 482: "EXCHANGE_ROUTING_ERROR", 483: "EXCHANGE_ROUTING_ERROR", 484: "INVALID_NUMBER_FORMAT",
	485: "UNALLOCATED_NUMBER", 486: "USER_BUSY", 487: "ORIGINATOR_CANCEL", 488: "INCOMPATIBLE_DESTINATION", 500: "NORMAL_TEMPORARY_FAILURE",
	501: "FACILITY_REJECTED", 502: "DESTINATION_OUT_OF_ORDER", 503: "NORMAL_TEMPORARY_FAILURE", 504: "RECOVERY_ON_TIMER_EXPIRE",
	600: "USER_BUSY", 603: "CALL_REJECTED", 604: "NO_ROUTE_DESTINATION", 606: "INCOMPATIBLE_DESTINATION",
}

// ending is how a call ended, as its events say.
type ending struct {
	text, by, reason string
	code             int
	answered         bool
}

// cause names an ending as the original does.
func (e *ending) cause() string {
	if name := strings.ToUpper(e.text); causes[name] > 0 {
		return name
	}
	if name, ok := causeOfReason(e.reason); ok {
		return name
	}
	switch {
	case e.by == "timeout":
		return e.timeout()
	case e.answered && e.by == "error":
		return "NORMAL_TEMPORARY_FAILURE"
	case e.answered:
		return "NORMAL_CLEARING"
	case e.by == "caller":
		return "ORIGINATOR_CANCEL"
	}
	if name, ok := causesOfSIP[e.code]; ok {
		return name
	}
	return "NORMAL_CLEARING"
}

func (e *ending) timeout() string {
	switch {
	case strings.Contains(e.text, "max_duration"):
		return "ALLOTTED_TIMEOUT"
	case strings.Contains(e.text, "RTP"), strings.Contains(e.text, "media"):
		return "MEDIA_TIMEOUT"
	case !e.answered:
		return "NO_ANSWER"
	}
	return "RECOVERY_ON_TIMER_EXPIRE"
}

// causeOfReason reads the number of a Reason header field (RFC 3326): of Q.850, which
// says it, or of SIP.
func causeOfReason(reason string) (string, bool) {
	for field := range strings.SplitSeq(reason, ",") {
		protocol, rest, _ := strings.Cut(strings.TrimSpace(field), ";")
		_, digits, ok := strings.Cut(rest, "cause=")
		if !ok {
			continue
		}
		digits, _, _ = strings.Cut(digits, ";")
		n, err := strconv.Atoi(strings.TrimSpace(digits))
		if err != nil || !strings.EqualFold(strings.TrimSpace(protocol), "Q.850") {
			continue
		}
		for name, number := range causes {
			if number == n && n > 0 {
				return name, true
			}
		}
	}
	return "", false
}
