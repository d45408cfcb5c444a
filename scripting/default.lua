-- What rms does when no script is configured. The user of the request URI
-- chooses: "welcome" (or anything else) plays a prompt and hangs up, "loop" plays
-- it for ever, "tone" plays 440 Hz, "echo" sends back what it hears.

event_route["rms:start"] = function(call)
  local user = call.user
  if user == "loop" then
    rms.play { file = "welcome.wav", loop = true }
  elseif user == "tone" then
    rms.play { file = "tone:440", loop = true }
  elseif user == "echo" then
    rms.echo { on = true }
  else
    rms.play("welcome.wav", "rms:after_play")
  end
end

event_route["rms:after_play"] = function(call)
  rms.hangup()
end
