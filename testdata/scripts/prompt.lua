-- Plays one prompt and hangs up: sip:opening_hours@HOST hears opening_hours.wav. What
-- is not there is apologised for.

event_route["rms:start"] = function(call)
  local name = call.user:match("^[%w_-]+$") or "welcome"
  local r = rms.play_wait(name .. ".wav")
  if r and r.reason == "error" then
    xwarn("no prompt for " .. call.from_user .. ": " .. r.error)
    rms.play_wait("sorry.wav")
  end
  rms.hangup()
end
