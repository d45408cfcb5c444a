package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"rms/call"
)

// document is the OpenAPI document as far as tests look into it.
type document struct {
	OpenAPI string
	Info    struct{ Title, Version string }
	Paths   map[string]map[string]struct {
		OperationID string
		Summary     string
		Tags        []string
		Parameters  []map[string]any
		RequestBody *struct {
			Required bool
			Content  map[string]struct{ Schema map[string]any }
		}
		Responses map[string]map[string]any
		Security  []map[string][]string
	}
	Components struct {
		Schemas    map[string]map[string]any
		Parameters map[string]map[string]any
		Responses  map[string]map[string]any
	}
	Tags []struct{ Name string }
}

func (h *house) document() (document, any) {
	h.t.Helper()
	r := h.expect(200, h.get("/v1/openapi.json"))
	var d document
	if err := json.Unmarshal(r.body, &d); err != nil {
		h.t.Fatal(err)
	}
	return d, r.json
}

// walk calls f for every object of a document.
func walk(path string, v any, f func(path string, o map[string]any)) {
	switch t := v.(type) {
	case map[string]any:
		f(path, t)
		for name, val := range t {
			walk(path+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), val, f)
		}
	case []any:
		for i, val := range t {
			walk(fmt.Sprintf("%s/%d", path, i), val, f)
		}
	}
}

// resolve follows a reference within the document.
func resolve(doc any, ref string) any {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	for name := range strings.SplitSeq(path, "/") {
		o, _ := doc.(map[string]any)
		doc = o[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	return doc
}

var (
	pathParameter = regexp.MustCompile(`\{(\w+)\}`)
	componentName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)
)

func TestTheDocumentIsValidOpenAPI(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, whole := h.document()
	if d.OpenAPI != "3.1.0" || d.Info.Title != "rms" || d.Info.Version != "1.2.3" {
		t.Errorf("%s %+v", d.OpenAPI, d.Info)
	}
	used := map[string]bool{}
	walk("", whole, func(path string, o map[string]any) {
		ref, ok := o["$ref"].(string)
		if !ok {
			return
		}
		used[ref] = true
		if resolve(whole, ref) == nil {
			t.Errorf("%s refers to %s, which is not there", path, ref)
		}
	})
	tags := map[string]bool{}
	for _, tag := range d.Tags {
		tags[tag.Name] = true
	}
	ids := map[string]string{}
	for path, item := range d.Paths {
		for method, op := range item {
			where := method + " " + path
			if other, twice := ids[op.OperationID]; twice || op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || !tags[op.Tags[0]] {
				t.Errorf("%s: operation %q (also %s), summary %q, tags %v", where, op.OperationID, other, op.Summary, op.Tags)
			}
			ids[op.OperationID] = where
			names := map[string]bool{}
			for _, p := range op.Parameters {
				if ref, ok := p["$ref"].(string); ok {
					p, _ = resolve(whole, ref).(map[string]any)
				}
				key := fmt.Sprint(p["in"], " ", p["name"])
				if names[key] || p["schema"] == nil || p["description"] == nil || p["in"] == "path" && p["required"] != true {
					t.Errorf("%s: parameter %v", where, p)
				}
				names[key] = true
			}
			for _, m := range pathParameter.FindAllStringSubmatch(path, -1) {
				if !names["path "+m[1]] {
					t.Errorf("%s: parameter %s is not described", where, m[1])
				}
			}
			good := 0
			for status, r := range op.Responses {
				if status[0] == '1' || status[0] == '2' {
					good++
				}
				if r["$ref"] == nil && r["description"] == "" {
					t.Errorf("%s: response %s has no description", where, status)
				}
			}
			if good != 1 || op.Responses["4XX"] == nil || op.Responses["5XX"] == nil {
				t.Errorf("%s: responses %v", where, op.Responses)
			}
			if op.RequestBody != nil && op.RequestBody.Content["application/json"].Schema == nil {
				t.Errorf("%s: the body has no schema", where)
			}
		}
	}
	for name := range d.Components.Schemas {
		if !componentName.MatchString(name) {
			t.Errorf("schema %q has a name that is not allowed", name)
		}
		if !used["#/components/schemas/"+name] && name != "Filter" {
			t.Errorf("schema %s is used nowhere", name)
		}
	}
}

// The keywords of JSON Schema that the document uses, and what they must hold.
func TestTheSchemasOfTheDocumentAreValid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, _ := h.document()
	types := map[string]bool{"string": true, "integer": true, "number": true, "boolean": true, "object": true, "array": true, "null": true}
	var check func(where string, v any)
	check = func(where string, v any) {
		o, ok := v.(map[string]any)
		if !ok {
			t.Errorf("%s is no schema: %v", where, v)
			return
		}
		properties, _ := o["properties"].(map[string]any)
		for keyword, val := range o {
			switch keyword {
			case "$ref", "description", "format", "const", "default", "examples":
			case "type":
				if name, _ := val.(string); !types[name] {
					t.Errorf("%s: type %v", where, val)
				}
			case "properties":
				for name, p := range properties {
					check(where+"."+name, p)
				}
			case "required":
				list, _ := val.([]any)
				for _, name := range list {
					if properties[fmt.Sprint(name)] == nil {
						t.Errorf("%s: %v is required and unknown", where, name)
					}
				}
			case "items":
				check(where+"[]", val)
			case "additionalProperties":
				if _, flag := val.(bool); !flag {
					check(where+".*", val)
				}
			case "anyOf":
				list, _ := val.([]any)
				for i, s := range list {
					check(fmt.Sprintf("%s|%d", where, i), s)
				}
				if len(list) == 0 {
					t.Errorf("%s: empty anyOf", where)
				}
			case "enum":
				if list, _ := val.([]any); len(list) == 0 {
					t.Errorf("%s: empty enum", where)
				}
			case "minimum", "maximum", "maxItems", "maxLength":
				if _, number := val.(float64); !number {
					t.Errorf("%s: %s %v", where, keyword, val)
				}
			default:
				t.Errorf("%s: keyword %s", where, keyword)
			}
		}
	}
	for name, schema := range d.Components.Schemas {
		check(name, schema)
	}
	for path, item := range d.Paths {
		for method, op := range item {
			for _, p := range op.Parameters {
				if p["schema"] != nil {
					check(path+" "+method, p["schema"])
				}
			}
		}
	}
}

func TestTheDocumentAndTheServerAgree(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, _ := h.document()
	described := map[string]bool{}
	for path, item := range d.Paths {
		for method := range item {
			url := strings.ReplaceAll(path, "{id}", "some-id")
			r, err := http.NewRequestWithContext(t.Context(), strings.ToUpper(method), h.base+url, nil)
			if err != nil {
				t.Fatal(err)
			}
			pattern := h.server.Pattern(r)
			if pattern == "" {
				t.Errorf("%s %s is described and not served", method, path)
			}
			described[pattern] = true
		}
	}
	for _, pattern := range h.server.Patterns() {
		if !described[pattern] {
			t.Errorf("%s is served and not described", pattern)
		}
	}
	for _, v := range call.Verbs() {
		op, ok := d.Paths["/v1/calls/{id}/"+v.Name]["post"]
		if _, free := d.Paths["/v1/verbs/"+v.Name]["post"]; !ok || free != v.NoCall {
			t.Errorf("%s: described %v, without a call %v", v.Name, ok, free)
		}
		if (op.RequestBody != nil) != (len(v.Params) > 0) {
			t.Errorf("%s: body %v", v.Name, op.RequestBody)
		}
	}
}

func TestParametersAreDescribedWithAllThatIsKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, _ := h.document()
	for _, v := range call.Verbs() {
		if len(v.Params) == 0 {
			continue
		}
		forms, _ := d.Components.Schemas["Arguments_"+v.Name]["anyOf"].([]any)
		if len(forms) != 2 {
			t.Errorf("%s: %v", v.Name, d.Components.Schemas["Arguments_"+v.Name])
			continue
		}
		named, _ := forms[0].(map[string]any)
		members, _ := named["properties"].(map[string]any)
		for _, p := range v.Params {
			got, _ := members[p.Name].(map[string]any)
			required, _ := named["required"].([]any)
			is := false
			for _, name := range required {
				is = is || name == p.Name
			}
			text, _ := got["description"].(string)
			if !strings.HasPrefix(text, p.Doc) || is != p.Required || (got["default"] != nil) != (p.Default != nil) || (got["enum"] != nil) != (len(p.Enum) > 0) {
				t.Errorf("%s.%s: %v", v.Name, p.Name, got)
			}
			if p.Kind == call.Int && p.Max > p.Min && (got["minimum"] != p.Min || got["maximum"] != p.Max || got["type"] != "integer") {
				t.Errorf("%s.%s: %v", v.Name, p.Name, got)
			}
			if p.Kind == call.Duration && len(got["anyOf"].([]any)) != 2 {
				t.Errorf("%s.%s: %v", v.Name, p.Name, got)
			}
		}
	}
}

func TestEveryEventIsDescribed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, _ := h.document()
	kinds := map[string]bool{}
	for name, schema := range d.Components.Schemas {
		properties, _ := schema["properties"].(map[string]any)
		kind, _ := properties["kind"].(map[string]any)
		if text, ok := kind["const"].(string); ok && strings.HasPrefix(name, "Event") {
			kinds[text] = true
		}
	}
	for _, e := range call.Events {
		for name := range strings.SplitSeq(e.Name, ", ") {
			if strings.HasPrefix(name, "rms:") && !kinds[name] {
				t.Errorf("%s is not described", name)
			}
		}
	}
	for _, kind := range []string{call.EventPlayEnd, call.EventLost, "mod_audio_stream::connect", "mod_audio_stream::json", "mod_audio_stream::play"} {
		if !kinds[kind] {
			t.Errorf("%s is not described: %v", kind, kinds)
		}
	}
}
