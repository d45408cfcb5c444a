-- The same call in the habits of Kamailio's KEMI: functions of KSR modules return
-- 1 or -1, so compare them with 0.

function ksr_request_route()
  if KSR.tmx.t_precheck_trans() > 0 then
    KSR.tm.t_check_trans()
    KSR.x.exit()
  end
  if KSR.is_method("OPTIONS") then
    KSR.sl.send_reply(200, "OK")
    KSR.x.exit()
  end
  if KSR.is_method("INVITE") and KSR.siputils.has_totag() < 0 then
    KSR.xlog.xinfo("call from $fu to $rU, route $hdr(X-RMS-Route)\n")
    if KSR.rtp_media_server.rms_answer("rms:start") < 0 then
      KSR.sl.send_reply(503, "server error")
    end
  elseif KSR.is_method("BYE") then
    KSR.rtp_media_server.rms_media_stop()
  end
end

event_route["rms:start"] = function(call)
  KSR.rtp_media_server.rms_play("welcome.wav", "rms:after_play")
end

event_route["rms:after_play"] = function(call)
  KSR.rtp_media_server.rms_hangup()
end
