-- A menu by digits. What a call must remember lives in call.var: an event may run
-- on another interpreter than the one before.

local choices = {
  ["1"] = "sales.wav",
  ["2"] = "support.wav",
}

local function menu(call)
  call.var.tries = (call.var.tries or 0) + 1
  if call.var.tries > 3 then
    rms.hangup()
    return
  end
  rms.play { file = "menu.wav", route = "menu_over" }
end

event_route["rms:start"] = menu

event_route["menu_over"] = function(call)
  if call.reason == "done" then
    menu(call)
  end
end

event_route["rms:dtmf"] = function(call)
  local file = choices[call.digit]
  if call.digit == "9" then
    rms.hangup()
  elseif file then
    call.var.chosen = call.digit
    rms.play { file = file, route = "chosen_over", mode = "replace" }
  else
    rms.play { file = "unknown.wav", route = "menu_over", mode = "replace" }
  end
end

event_route["chosen_over"] = function(call)
  if call.reason ~= "replaced" then
    xinfo("choice " .. call.var.chosen .. " of [$ci] is over")
    rms.hangup()
  end
end
