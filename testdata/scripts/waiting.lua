-- Music for a caller who waits, with the place in the queue now and then. The place is
-- the variable "position": a header field brings the first, what hands out the calls
-- sets it from outside (uuid_setvar, POST /v1/calls/ID/set), and 0 means that it is
-- the caller's turn.

local every = 20 -- seconds of music between two announcements

local function position(call)
  return math.floor(tonumber(call.var.position) or 0)
end

local function announce(place)
  rms.play_wait("position.wav")
  for digit in tostring(place):gmatch("%d") do
    rms.play_wait("digits/" .. digit .. ".wav")
  end
end

event_route["rms:start"] = function(call)
  call.var.position = call.header("X-Queue-Position") or 1
  local said = 0
  while position(call) > 0 do
    if position(call) ~= said then
      said = position(call)
      announce(said)
    end
    rms.play { file = "music.wav", loop = true, route = "music_over" }
    rms.sleep(every)
    rms.stop()
  end
  rms.play_wait("your_turn.wav")
  rms.hangup("the caller's turn has come")
end

event_route["music_over"] = function(call) end -- without a route its end would hang up
