package httpapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"rms/call"
)

// document writes the OpenAPI document of the routes and verbs.
func (s *Server) document() ([]byte, error) {
	all := &schemas{components: object{}}
	for t := range maps.Keys(schemaNames) {
		all.of(t)
	}
	all.events()
	paths := object{}
	for _, r := range s.routes {
		if r.doc != nil {
			all.path(paths, r.path, r.method, r.doc)
		}
	}
	for _, v := range call.Verbs() {
		all.path(paths, "/v1/calls/{id}/"+v.Name, "POST", all.verb(v, v.Name))
		if v.NoCall {
			all.path(paths, "/v1/verbs/"+v.Name, "POST", all.verb(v, v.Name+"_without_call"))
		}
	}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "rms", "version": s.opts.Version, "summary": "SIP and RTP media server",
			"description": "Calls, verbs and events of rms. docs/http.md tells how to use it.",
			"license":     object{"name": "MIT", "identifier": "MIT"},
		},
		"servers": []object{{"url": "/"}},
		"tags": []object{
			{"name": "calls", "description": "Calls that live"},
			{"name": "verbs", "description": "What a call, or the server, can be told to do"},
			{"name": "events", "description": "What happens"},
			{"name": "recordings", "description": "Calls that were recorded, or are"},
			{"name": "server", "description": "The server itself"},
		},
		"security": []object{{"token": []string{}}, {}},
		"paths":    paths,
		"components": object{
			"schemas":         all.components,
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "one of http.tokens; none is needed where there are none, nor over the unix socket"}},
			"parameters":      sharedParameters(),
			"responses": object{"Problem": object{
				"description": "It was not done; the detail says why (RFC 9457).",
				"content":     object{"application/problem+json": object{"schema": ref("Problem")}},
			}},
		},
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(doc)
	return b.Bytes(), err
}

func sharedParameters() object {
	return object{
		"id":        object{"name": "id", "in": "path", "required": true, "description": "of the call, a UUID", "schema": text},
		"recording": object{"name": "id", "in": "path", "required": true, "description": "of the recording", "schema": text},
		"key": object{
			"name": "Idempotency-Key", "in": "header", "description": "the same key with the same request within 10 minutes gets the same answer, and nothing is done twice",
			"schema": object{"type": "string", "maxLength": maxKey},
		},
		"last": object{"name": "Last-Event-ID", "in": "header", "description": "the id of the last event that was heard", "schema": text},
	}
}

func shared(name string) object { return object{"$ref": "#/components/parameters/" + name} }

// verb describes the use of a verb.
func (s *schemas) verb(v *call.Verb, id string) *operation {
	o := &operation{id: id, tag: "verbs", summary: "rms_" + v.Name, doc: v.Doc, says: v.Result, answer: resultOf(v.Result), optional: true}
	if len(v.Aliases) > 0 {
		o.doc += " Also: " + strings.Join(v.Aliases, ", ") + "."
	}
	if len(v.Params) > 0 {
		name := "Arguments_" + v.Name
		s.components[name] = arguments(v)
		o.body = ref(name)
		o.optional = !slices.ContainsFunc(v.Params, func(p call.Param) bool { return p.Required })
	}
	if v.Waits != "" && !strings.HasSuffix(id, "_without_call") {
		o.query = []object{inQuery("wait", "answer when its event came, after this time at the latest: 30s", text)}
		o.answer["properties"].(object)["event"] = object{ //nolint:forcetypeassert // resultOf made it
			"anyOf":       []object{ref("Event"), {"type": "null"}},
			"description": "with wait: its event, null when it did not come in time",
		}
	}
	return o
}

// path adds an operation to the paths.
func (s *schemas) path(paths object, path, method string, o *operation) {
	item, _ := paths[path].(object)
	if item == nil {
		item = object{}
		paths[path] = item
	}
	parameters := append([]object{}, o.query...)
	switch {
	case strings.HasPrefix(path, "/v1/recordings/{id}"):
		parameters = append(parameters, shared("recording"))
	case strings.Contains(path, "{id}"):
		parameters = append(parameters, shared("id"))
	}
	if method == "POST" {
		parameters = append(parameters, shared("key"))
	}
	if o.tag == "events" && !o.plain {
		parameters = append(parameters, shared("last"))
	}
	op := object{"operationId": o.id, "tags": []string{o.tag}, "summary": o.summary, "responses": s.responses(o)}
	if o.doc != "" {
		op["description"] = o.doc
	}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if o.body != nil {
		op["requestBody"] = object{"required": !o.optional, "content": object{"application/json": object{"schema": o.body}}}
	}
	if o.open {
		op["security"] = []object{}
	}
	item[strings.ToLower(method)] = op
}

func (s *schemas) responses(o *operation) object {
	schema := o.answer
	if o.answerType != nil {
		schema = s.of(o.answerType)
	}
	good := object{"description": o.says}
	content := object{}
	if schema != nil {
		content["application/json"] = object{"schema": schema}
	}
	for kind, schema := range o.media {
		content[kind] = object{"schema": schema}
	}
	if len(content) > 0 {
		good["content"] = content
	}
	status := o.status
	if status == "" {
		status = "200"
	}
	bad := object{"$ref": "#/components/responses/Problem"}
	return object{status: good, "4XX": bad, "5XX": bad}
}
