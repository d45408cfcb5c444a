-- A voice bot behind a websocket: it hears the caller and what it sends is played. A
-- key silences it (barge-in); its own {"type": "killAudio"} does so when it hears the
-- caller speak. Try it with: rms sink ws --echo

local url = "ws://127.0.0.1:9001/bot"

event_route["rms:start"] = function(call)
  local ok, why = rms.stream_start {
    name = "bot", url = url, rate = 16000, playback = true, retries = 2,
    metadata = '{"from": "${from}", "call": "${call_id}"}',
  }
  if not ok then
    xerr("no bot: " .. why)
    rms.hangup("no bot")
  end
end

event_route["rms:dtmf"] = function(call)
  local heard = rms.stream_clear("bot") or 0 -- ms of what it said that the caller heard
  rms.stream_send_text('{"type": "key", "digit": "' .. call.digit .. '", "heard_ms": ' .. heard .. "}", "bot")
end

event_route["rms:stream_json"] = function(call)
  if call.text:find('"type"%s*:%s*"hangup"') then
    rms.hangup("the bot is done")
  else
    xinfo("the bot of [$ci] says " .. call.text)
  end
end

event_route["rms:stream_disconnect"] = function(call)
  if call.again then
    return -- another connection is tried
  end
  if call.by == "remote" and call.code == 1000 then
    rms.hangup("the bot is done")
  else
    xwarn("the bot is gone: " .. call.reason)
    rms.play("sorry.wav", "sorry_over")
  end
end

event_route["sorry_over"] = function(call)
  rms.hangup("the bot is gone")
end
