package httpapi

import "reflect"

// operation is what the OpenAPI document says of a route.
type operation struct {
	id, tag, summary, doc string
	query                 []object
	body                  object // schema; nil: no body
	optional              bool   // the body
	status                string // of the answer; "": 200
	says                  string // what the answer is
	answer                object // schema
	answerType            reflect.Type
	media                 map[string]object // other forms of the answer
	open                  bool              // no token
	plain                 bool              // no Last-Event-ID
}

func inQuery(name, doc string, schema object) object {
	return object{"name": name, "in": "query", "description": doc, "schema": schema}
}

var text = object{"type": "string"}

func opCalls() *operation {
	o := &operation{
		id: "listCalls", tag: "calls", summary: "Lists live calls", says: "calls, the oldest first", answerType: reflect.TypeFor[callList](),
		doc: "Parameters pick calls by what they are; a * at the end of a value stands for anything. Given twice, either will do.",
	}
	for _, name := range []string{"state", "kind", "from", "to", "source", "codec", "transport"} {
		o.query = append(o.query, inQuery(name, "as in a call; may be given several times", object{"type": "array", "items": text}))
	}
	o.query = append(o.query,
		inQuery("limit", "how many calls at most", object{"type": "integer", "minimum": 1, "maximum": maxLimit, "default": defaultLimit}),
		inQuery("after", "\"next\" of the list before", text))
	return o
}

func opCall() *operation {
	return &operation{id: "getCall", tag: "calls", summary: "Tells how a call is", says: "the call", answer: ref("Call")}
}

func opHangup() *operation {
	return &operation{
		id: "hangupCall", tag: "calls", summary: "Hangs up", doc: "The same as the verb hangup.", says: "done", answer: resultOf("true"),
		query: []object{inQuery("reason", "text for the Reason header field", text)},
	}
}

func opGraph() *operation {
	return &operation{
		id: "getGraph", tag: "calls", summary: "Draws the filters of a call", says: "the graph",
		query: []object{inQuery("format", "dot, or svg as Accept: image/svg+xml asks for", object{"type": "string", "enum": []string{"dot", "svg"}})},
		media: map[string]object{"text/vnd.graphviz": text, "image/svg+xml": text},
	}
}

func opVerbs() *operation {
	return &operation{
		id: "listVerbs", tag: "verbs", summary: "Lists the verbs and their parameters", says: "the table of verbs",
		answer: object{"type": "object", "properties": object{"verbs": object{"type": "array", "items": ref("Verb")}}, "required": []string{"verbs"}},
	}
}

func opAPI() *operation {
	return &operation{
		id: "runCommand", tag: "verbs", summary: "Runs a command of FreeSWITCH", says: "the reply, word for word",
		doc:  "uuid_audio_stream, uuid_rst and the others that rms knows, with the replies of the original.",
		body: object{"type": "object", "properties": object{"command": text}, "required": []string{"command"}},
		answer: object{
			"type": "object", "properties": object{"result": text}, "required": []string{"result"},
		},
	}
}

func filters() []object {
	return []object{
		inQuery("call", "only events of these calls; several times or with commas", object{"type": "array", "items": text}),
		inQuery("name", "only events of these names or kinds, with * at the end for any that begin so", object{"type": "array", "items": text}),
	}
}

func opEvents() *operation {
	return &operation{
		id: "subscribe", tag: "events", summary: "Tells events as they happen", says: "server-sent events; the data of each is an Event", query: filters(),
		doc:   "Nothing is told twice or later: a subscriber that comes back with Last-Event-ID, or reads too slowly, is told by rms:lost how many events it lost.",
		media: map[string]object{"text/event-stream": text},
	}
}

func opSocket() *operation {
	return &operation{
		id: "subscribeSocket", tag: "events", summary: "Tells events over a websocket", status: "101", says: "a websocket: each message is an Event", query: filters(),
		doc: "A message of the client, a Filter, takes the place of the filter before.",
	}
}

func opTraceCall() *operation {
	return &operation{
		id: "traceCall", tag: "events", summary: "Tells the SIP messages of a call from now on", says: "server-sent events named sip; end when the call is over",
		media: map[string]object{"text/event-stream": text}, plain: true,
	}
}

func opTraceAll() *operation {
	return &operation{
		id: "traceAll", tag: "events", summary: "Tells the SIP messages of all calls from now on", says: "server-sent events named sip",
		media: map[string]object{"text/event-stream": text}, plain: true,
	}
}

func opVersion() *operation {
	return &operation{id: "getVersion", tag: "server", summary: "Tells the version", says: "the version", answer: ref("Version")}
}

func opStatus() *operation {
	return &operation{id: "getStatus", tag: "server", summary: "Tells how the server is doing", says: "counters", answerType: reflect.TypeFor[statusInfo]()}
}

func opReload() *operation {
	return &operation{
		id: "reloadScript", tag: "server", summary: "Loads the script again", says: "new calls get the new version", answer: resultOf("true"),
		doc: "A script with a mistake changes nothing; the problem says where it is.",
	}
}

func opDrain() *operation {
	return &operation{id: "drainServer", tag: "server", summary: "Refuses new calls and stops after the last", status: "202", says: "it has begun", answer: resultOf("true")}
}

func opLog() *operation {
	return &operation{
		id: "setLogLevel", tag: "server", summary: "Sets the level of the log", says: "the level in force", answer: resultOf("the level"),
		body: object{"type": "object", "properties": object{"level": object{"type": "string", "enum": levels}}, "required": []string{"level"}},
	}
}

func opOpenAPI() *operation {
	return &operation{id: "getOpenAPI", tag: "server", summary: "This document", says: "OpenAPI 3.1", answer: object{"type": "object"}}
}

func opHealth() *operation {
	return &operation{
		id: "getHealth", tag: "server", summary: "The program is alive", says: "it is", open: true,
		answer: object{"type": "object", "properties": object{"alive": object{"type": "boolean"}}, "required": []string{"alive"}},
	}
}

func opReady() *operation {
	return &operation{
		id: "getReadiness", tag: "server", summary: "New calls are welcome", says: "they are", open: true,
		doc:    "503 while the server drains, and while its clock is over its budget.",
		answer: object{"type": "object", "properties": object{"ready": object{"type": "boolean"}}, "required": []string{"ready"}},
	}
}

func opMetrics() *operation {
	return &operation{
		id: "getMetrics", tag: "server", summary: "Metrics for Prometheus", says: "the text format of Prometheus",
		media: map[string]object{"text/plain": text},
	}
}

func resultOf(doc string) object {
	return object{"type": "object", "properties": object{"result": object{"description": doc}}, "required": []string{"result"}}
}
