package scripting_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// use is one use of a verb, with its arguments, in a state of a call.
type use struct {
	name       string // of the test; its route in the scripts has none but letters and digits
	verb       string
	positional []any
	named      map[string]any
	state      string // ringing, answered (the usual one), leaving
	prepare    []use  // done before, without a door
	after      string // event that is waited for before
	noWords    bool   // a command line cannot say it: its words are texts
	waits      bool   // for its event, whose field reason is the result
}

func (u *use) route() string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, u.name)
}

// luaText writes a value in Lua.
func luaText(v any) string {
	switch t := v.(type) {
	case string:
		return strconv.Quote(t)
	case []any:
		var items []string
		for _, item := range t {
			items = append(items, luaText(item))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case map[string]any:
		var items []string
		for _, name := range slices.Sorted(maps.Keys(t)) {
			items = append(items, "["+strconv.Quote(name)+"] = "+luaText(t[name]))
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// starText writes a value in Starlark.
func starText(v any) string {
	switch t := v.(type) {
	case bool:
		return map[bool]string{true: "True", false: "False"}[t]
	case string:
		return strconv.Quote(t)
	case []any:
		var items []string
		for _, item := range t {
			items = append(items, starText(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		var items []string
		for _, name := range slices.Sorted(maps.Keys(t)) {
			items = append(items, strconv.Quote(name)+": "+starText(t[name]))
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// eslText writes the words of a command line.
func (u *use) eslText() string {
	words := []string{}
	quoted := func(v any) string {
		text, ok := v.(string)
		if !ok {
			raw, _ := json.Marshal(v)
			text = string(raw)
		}
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	}
	for _, v := range u.positional {
		words = append(words, quoted(v))
	}
	for _, name := range slices.Sorted(maps.Keys(u.named)) {
		words = append(words, name+"="+quoted(u.named[name]))
	}
	return strings.Join(words, " ")
}

// luaHead writes results as JSON.
const luaHead = `
local function ser(v)
  if type(v) == "string" then
    return '"' .. v:sub(1, 60):gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
  elseif type(v) == "table" then
    local list, items = #v > 0, {}
    for k, item in pairs(v) do
      items[#items + 1] = (list and "" or ser(tostring(k)) .. ":") .. ser(item)
    end
    return list and "[" .. table.concat(items, ",") .. "]" or "{" .. table.concat(items, ",") .. "}"
  end
  return v == nil and "null" or tostring(v)
end

local function report(call, name, r, why)
  local key = (call.id ~= "" and call.id or "lua") .. "/" .. name
  xinfo("RESULT " .. key .. " " .. (r == nil and "-" .. tostring(why) or "+" .. ser(r)))
end

event_route["done"] = function(call) end
event_route["rms:script_error"] = function(call) end -- the call goes on

local outside = {}

function route(call)
  local use = outside[call.header("X-Use") or ""]
  if use then
    use(call)
  elseif is_method("INVITE") and call.header("X-State") == "ringing" then
    rms.ring()
  end
end
`

// starHead does the same; str is nearly JSON.
const starHead = `
def text(v):
    if type(v) == "string":
        return '"' + v[:60].replace("\\", "\\u005c").replace('"', "\\u0022").replace("\n", "\\u000a").replace("\t", "\\u0009") + '"'
    if type(v) == "bool":
        return "true" if v else "false"
    return str(v)

def ser(v):
    if type(v) == "list":
        items = []
        for item in v:
            if type(item) == "dict":
                items.append("{" + ",".join([text(k) + ":" + ("[]" if type(x) == "list" else text(x)) for k, x in item.items()]) + "}")
            else:
                items.append(text(item))
        return "[" + ",".join(items) + "]"
    return text(v)

def report(call, name, r):
    key = (call.id if call.id != "" else "star") + "/" + name
    xinfo("RESULT " + key + " " + ("-" + rms.error() if r == None else "+" + ser(r)))

def done(call):
    pass

event_route["done"] = done
event_route["rms:script_error"] = done
`

// starTail ends the script in Starlark: there is no function before its variables.
const starTail = `
def route(call):
    use = outside.get(call.header("X-Use") or "")
    if use:
        use(call)
    elif is_method("INVITE") and call.header("X-State") == "ringing":
        rms.ring()
`

// scriptsOf writes all uses as routes, in both languages. A request outside a call uses
// what its header field X-Use names.
func scriptsOf(all []use) (lua, star string) {
	l, s := []string{luaHead}, []string{starHead}
	outside := "outside = {"
	for i := range all {
		u := &all[i]
		name, first, firstStar := u.route(), "", ""
		if u.state == "leaving" {
			first, firstStar = "  rms.hangup()\n", "    rms.hangup()\n"
		}
		var args, kwargs []string
		for _, v := range u.positional {
			args, kwargs = append(args, luaText(v)), append(kwargs, starText(v))
		}
		for _, arg := range slices.Sorted(maps.Keys(u.named)) {
			args, kwargs = append(args, arg+" = "+luaText(u.named[arg])), append(kwargs, arg+" = "+starText(u.named[arg]))
		}
		use, useStar := fmt.Sprintf("rms.%s{%s}", u.verb, strings.Join(args, ", ")), fmt.Sprintf("rms.%s(%s)", u.verb, strings.Join(kwargs, ", "))
		if u.waits {
			use = strings.Replace(use, u.verb, u.verb+"_wait", 1) + ".reason"
			useStar = strings.Replace(useStar, u.verb, u.verb+"_wait", 1) + ".reason"
		}
		l = append(l, fmt.Sprintf("outside[%q] = function(call)\n%s  report(call, %q, %s)\nend\nevent_route[%q] = outside[%q]\n",
			name, first, name, use, name, name))
		s = append(s, fmt.Sprintf("def use_%s(call):\n%s    report(call, %q, %s)\nevent_route[%q] = use_%s\n",
			name, firstStar, name, useStar, name, name))
		outside += fmt.Sprintf("%q: use_%s, ", name, name)
	}
	return strings.Join(l, ""), strings.Join(s, "") + outside + "}\n" + starTail
}

func named(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
