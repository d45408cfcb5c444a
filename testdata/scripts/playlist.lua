-- Plays the files that the proxy lists in X-Playlist (comma separated), says the
-- caller's number digit by digit, and goes on when a file is missing.

local function list(call)
  local files = {}
  for name in (call.header("X-Playlist") or "welcome.wav"):gmatch("[^,%s]+") do
    files[#files + 1] = name
  end
  for digit in call.from_user:gmatch("%d") do
    files[#files + 1] = "digits/" .. digit .. ".wav"
  end
  return files
end

local function next_file(call)
  local files, at = call.var.files, call.var.at + 1
  call.var.at = at
  if files[at] then
    rms.play { file = files[at], route = "file_over" }
  else
    rms.hangup()
  end
end

event_route["rms:start"] = function(call)
  call.var.files = list(call)
  call.var.at = 0
  next_file(call)
end

event_route["file_over"] = next_file

event_route["rms:play_error"] = function(call)
  xwarn("skipped " .. call.file .. ": " .. call.error)
  next_file(call)
end
