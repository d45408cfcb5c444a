-- The example script of rtp_media_server, line by line in Lua. The prompt is read
-- from a media root: start rms with --media-root /tmp to use this path.

event_route["rms:start"] = function(call)
	xnotice("[rms:start] play ...\n");
	rms_play("/tmp/reference_8000.wav", "rms:after_play");
end;

event_route["rms:after_play"] = function(call)
	xnotice("[rms:after_play] play done...\n");
	rms_hangup();
end;

route = function(req)
	if (t_precheck_trans()) then
		t_check_trans();
		exit();
	end
	t_check_trans();
	if (is_method("INVITE") and not has_totag()) then
		if (not rms_answer()) then
			t_reply("503", "server error");
		end
	end

	if (is_method("BYE")) then
		xnotice("BYE RECEIVED [$ci]\n");
		rms_media_stop();
	end
end
