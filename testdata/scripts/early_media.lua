-- A prompt before the call is answered (183 with SDP), then the answer. The prompt
-- is free of charge for the caller.

route = function(call)
  if is_method("INVITE") and not has_totag() then
    local ok, why = rms.progress()
    if not ok then
      xerr("no early media: " .. why)
      rms.answer("welcome")
      return
    end
    rms.play { file = "announcement.wav", route = "announced" }
  end
end

event_route["announced"] = function(call)
  rms.answer("welcome")
end

event_route["welcome"] = function(call)
  rms.play("welcome.wav", "rms:after_play")
end

event_route["rms:after_play"] = function(call)
  rms.hangup()
end
