-- Asks for a number of four keys, line after line: a verb that ends in _wait goes on
-- below when what it began is over. Other events run in between as ever.

event_route["rms:start"] = function(call)
  rms.play_wait("welcome.wav")
  for try = 1, 3 do
    local r = rms.collect_wait { prompt = "number.wav", max = 4, first_timeout = 5 }
    if r and #r.digits == 4 then
      call.var.number = r.digits
      break
    end
    rms.play_wait("again.wav")
  end
  rms.sleep(0.5)
  rms.play_wait(call.var.number and "thanks.wav" or "sorry.wav")
  rms.hangup()
end
