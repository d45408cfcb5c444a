package httpapi

import (
	"reflect"

	"rms/media/record/ledger"
)

var flag = object{"type": "boolean"}

func opRecordings() *operation {
	return &operation{
		id: "listRecordings", tag: "recordings", summary: "Lists recordings", says: "recordings, the newest first", answerType: reflect.TypeFor[recordingList](),
		query: []object{
			inQuery("call", "only those of this call", text),
			inQuery("from", "only those that began at this time or later: a time (RFC 3339) or a day", text),
			inQuery("to", "only those that began before this time, or not after this day", text),
			inQuery("state", "several times or with commas", object{"type": "array", "items": object{"type": "string", "enum": recordingStates}}),
			inQuery("limit", "how many recordings at most", object{"type": "integer", "minimum": 1, "maximum": maxLimit, "default": defaultLimit}),
			inQuery("after", "\"next\" of the list before", text),
		},
	}
}

func opRecording() *operation {
	return &operation{
		id: "getRecording", tag: "recordings", summary: "Tells what is known of a recording", says: "its sidecar",
		answerType: reflect.TypeFor[ledger.Sidecar](),
	}
}

func opRecordingAudio() *operation {
	binary := object{"type": "string", "format": "binary"}
	return &operation{
		id: "getRecordingAudio", tag: "recordings", summary: "Fetches the audio", says: "the file, or the range that was asked for (206)",
		doc: "Of a recording that is being made: what there is now, with a header that fits it. Encrypted ones come as they are.",
		query: []object{
			inQuery("follow", "go on until the recording ends; ranges are not for this", flag),
			inQuery("part", "the tail of an encrypted recording instead, which a crash left beside it with its last seconds; 404 (no-tail) when there is none",
				object{"type": "string", "enum": []string{"tail"}}),
		},
		media: map[string]object{"audio/wav": binary, "application/octet-stream": binary},
	}
}

func opRecordingLive() *operation {
	return &operation{
		id: "listenRecording", tag: "recordings", summary: "Listens to a recording that is being made", status: "101",
		says:  "a websocket: an event that tells rate and channels, then messages of interleaved 16 bit little-endian samples, then an event",
		query: []object{inQuery("from", "where to begin", object{"type": "string", "enum": []string{"now", "start"}, "default": "now"})},
	}
}

func opRecordingPicture() *operation {
	return &operation{
		id: "getWaveform", tag: "recordings", summary: "Draws the waveform", says: "both sides with pauses, gaps, marks and talk share",
		media: map[string]object{"image/svg+xml": text},
	}
}

func opRecordingDelete() *operation {
	return &operation{
		id: "deleteRecording", tag: "recordings", summary: "Deletes a recording", says: "it is gone; the chain has a tombstone", answer: resultOf("true"),
		doc:   "A recording on legal hold, or that is being made, stays.",
		query: []object{inQuery("why", "the reason, for the chain", text), inQuery("by", "who wants it, for the chain", text)},
	}
}

// reasonBody is who and why.
func reasonBody(required ...string) object {
	o := object{"type": "object", "additionalProperties": false, "properties": object{
		"why": object{"type": "string", "maxLength": maxWhy}, "by": object{"type": "string", "maxLength": maxWhy},
	}}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func opRecordingHold() *operation {
	return &operation{
		id: "holdRecording", tag: "recordings", summary: "Puts a recording on legal hold", says: "the sidecar", body: reasonBody("why"),
		answerType: reflect.TypeFor[ledger.Sidecar](), doc: "Neither a client nor retention removes it then.",
	}
}

func opRecordingRelease() *operation {
	return &operation{
		id: "releaseRecording", tag: "recordings", summary: "Ends a legal hold", says: "the sidecar", body: reasonBody(), optional: true,
		answerType: reflect.TypeFor[ledger.Sidecar](),
	}
}

func opRecordingUpload() *operation {
	return &operation{
		id: "uploadRecording", tag: "recordings", summary: "Delivers a recording again", status: "202", says: "it is in the queue",
		body: reasonBody(), optional: true, answer: resultOf("true"),
	}
}

func opRecordingVerify() *operation {
	return &operation{
		id: "verifyRecording", tag: "recordings", summary: "Compares a recording with the chain", says: "what was found; ok is true when nothing is wrong",
		body: reasonBody(), optional: true, answerType: reflect.TypeFor[verdict](),
	}
}
