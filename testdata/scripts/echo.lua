-- Echo test: after the beep the caller hears himself, until # or for a minute.

event_route["rms:start"] = function(call)
  rms.play_wait("echo_test.wav")
  rms.play_wait("beep.wav")
  rms.echo()
  local r = rms.collect_wait { max = 1, terminators = "#", first_timeout = 60, flush = true }
  rms.echo(false)
  xinfo("echo test of [$ci] ended: " .. r.reason)
  rms.play_wait("beep.wav")
  rms.hangup()
end
