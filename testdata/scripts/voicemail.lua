-- Voicemail: greeting, beep, a message until the caller presses # or is silent, then
-- 1 plays it, 2 records it anew, 3 deletes it, anything else keeps it. The caller who
-- hangs up keeps it too. welcome.wav is built in; your greeting is a WAV file of that
-- name in media.roots.

local function message(call)
  local r = rms.record_start_wait {
    name = "message", sides = "caller", beep = true, max = 120, silence_stop = 5, trim = true, terminators = "#",
  }
  if r then
    call.var.message = r.file
    xinfo("message " .. r.file .. ": " .. r.reason .. " after " .. r.duration_ms .. " ms")
  end
  return r and r.reason ~= "hangup" and r.reason ~= "error"
end

event_route["rms:start"] = function(call)
  rms.play_wait("welcome.wav")
  local go_on = message(call)
  while go_on do
    local r = rms.collect_wait { prompt = "tone:660/300ms", max = 1, first_timeout = 10 }
    local key = r and r.digits or ""
    if key == "1" then
      rms.play_wait("record:" .. call.var.message)
    elseif key == "2" then
      rms.record_delete { file = call.var.message }
      go_on = message(call)
    elseif key == "3" then
      rms.record_delete { file = call.var.message }
      call.var.message = nil
      go_on = false
    else
      go_on = false
    end
  end
  rms.hangup()
end
