package esl

import (
	"slices"
	"strings"
)

// Names of events that this door sends.
const (
	nameCustom          = "CUSTOM"
	nameCreate          = "CHANNEL_CREATE"
	nameProgress        = "CHANNEL_PROGRESS"
	nameProgressMedia   = "CHANNEL_PROGRESS_MEDIA"
	nameAnswer          = "CHANNEL_ANSWER"
	nameExecute         = "CHANNEL_EXECUTE"
	nameExecuteComplete = "CHANNEL_EXECUTE_COMPLETE"
	namePark            = "CHANNEL_PARK"
	nameUnpark          = "CHANNEL_UNPARK"
	nameHold            = "CHANNEL_HOLD"
	nameUnhold          = "CHANNEL_UNHOLD"
	nameState           = "CHANNEL_STATE"
	nameHangup          = "CHANNEL_HANGUP"
	nameHangupComplete  = "CHANNEL_HANGUP_COMPLETE"
	nameDestroy         = "CHANNEL_DESTROY"
	nameData            = "CHANNEL_DATA"
	nameCallUpdate      = "CALL_UPDATE"
	namePlaybackStart   = "PLAYBACK_START"
	namePlaybackStop    = "PLAYBACK_STOP"
	nameRecordStart     = "RECORD_START"
	nameRecordStop      = "RECORD_STOP"
	nameDTMF            = "DTMF"
	nameBackgroundJob   = "BACKGROUND_JOB"
	nameHeartbeat       = "HEARTBEAT"
)

// eventNames are all that a client may ask for, in the order of the original. Some
// never come here; ALL is the last.
var eventNames = strings.Fields(`CUSTOM CLONE CHANNEL_CREATE CHANNEL_DESTROY CHANNEL_STATE CHANNEL_CALLSTATE CHANNEL_ANSWER
	CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_BRIDGE
	CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_UNPARK CHANNEL_APPLICATION
	CHANNEL_ORIGINATE CHANNEL_UUID API LOG INBOUND_CHAN OUTBOUND_CHAN STARTUP SHUTDOWN PUBLISH UNPUBLISH TALK NOTALK SESSION_CRASH
	MODULE_LOAD MODULE_UNLOAD DTMF MESSAGE PRESENCE_IN NOTIFY_IN PRESENCE_OUT PRESENCE_PROBE MESSAGE_WAITING MESSAGE_QUERY ROSTER
	CODEC BACKGROUND_JOB DETECTED_SPEECH DETECTED_TONE PRIVATE_COMMAND HEARTBEAT TRAP ADD_SCHEDULE DEL_SCHEDULE EXE_SCHEDULE
	RE_SCHEDULE RELOADXML NOTIFY PHONE_FEATURE PHONE_FEATURE_SUBSCRIBE SEND_MESSAGE RECV_MESSAGE REQUEST_PARAMS CHANNEL_DATA GENERAL
	COMMAND SESSION_HEARTBEAT CLIENT_DISCONNECTED SERVER_DISCONNECTED SEND_INFO RECV_INFO RECV_RTCP_MESSAGE SEND_RTCP_MESSAGE
	CALL_SECURE NAT RECORD_START RECORD_STOP PLAYBACK_START PLAYBACK_STOP CALL_UPDATE FAILURE SOCKET_DATA MEDIA_BUG_START
	MEDIA_BUG_STOP CONFERENCE_DATA_QUERY CONFERENCE_DATA CALL_SETUP_REQ CALL_SETUP_RESULT CALL_DETAIL DEVICE_STATE TEXT
	SHUTDOWN_REQUESTED ALL`)

// kind is the place of a name in eventNames.
type kind int

var kinds = func() map[string]kind {
	m := make(map[string]kind, len(eventNames))
	for i, n := range eventNames {
		m[n] = kind(i)
	}
	return m
}()

var (
	kindCustom = kinds[nameCustom]
	kindAll    = kinds["ALL"]
)

// kindOf finds the name that a client wrote, in any case and with the prefix of the
// original's source, if it likes.
func kindOf(name string) (kind, bool) {
	name = strings.ToUpper(name)
	if rest, ok := strings.CutPrefix(name, "SWITCH_EVENT_"); ok && rest != "" {
		name = rest
	}
	k, ok := kinds[name]
	return k, ok
}

// myEvents are what the command myevents enables.
var myEvents = func() []kind {
	var out []kind
	for _, n := range strings.Fields(`CHANNEL_ANSWER CHANNEL_APPLICATION CHANNEL_BRIDGE CHANNEL_CREATE CHANNEL_DATA CHANNEL_DESTROY
		CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_ORIGINATE CHANNEL_UUID
		CHANNEL_OUTGOING CHANNEL_PARK CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_STATE CHANNEL_UNBRIDGE CHANNEL_UNPARK
		DETECTED_SPEECH DTMF NOTALK TALK`) {
		out = append(out, kinds[n])
	}
	return out
}()

// format is how a connection wants its events.
type format int

const (
	plain format = iota
	asJSON
	asXML
	formats
)

var formatNames = [formats]string{"plain", "json", "xml"}

func (f format) String() string { return formatNames[f] }

func formatOf(word string) (format, bool) {
	i := slices.Index(formatNames[:], strings.ToLower(word))
	return format(max(i, 0)), i >= 0
}
