-- Refuses calls by a header field that the proxy sets, and by the caller's number.

local blocked = { anonymous = true, ["0900"] = true }

route = function(call)
  if not is_method("INVITE") or has_totag() then
    return -- what a route leaves alone gets the usual answer
  end
  if call.header("X-RMS-Route") ~= "ivr" then
    rms.reject { code = 403, reason = "Not From Here" }
  elseif blocked[call.from_user] or call.from_user:match("^0900%d+$") then
    rms.reject(603)
  else
    rms.answer()
  end
end

event_route["rms:start"] = function(call)
  rms.play("welcome.wav", "rms:after_play")
end

event_route["rms:after_play"] = function(call)
  rms.hangup()
end
