#!/usr/bin/env bash
# kill9.sh [--calls 100] [--seconds 10] [--lack 1] [--repair 0.2]
#
# Records calls of two sides, kills the server with SIGKILL in their middle, and looks at
# the files before anything repairs them: each opens in sox, ffprobe and Python's wave,
# and lacks at most a second of the moment of the kill. Then the server starts again and
# closes them; rms verify finds everything in order. No root needed.
#
#   --calls     how many are recorded
#   --seconds   how long before the kill
#   --lack      seconds of sound that may be missing
#   --repair    seconds that closing all files may take
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
calls=100 seconds=10 lack=1 repair=0.2
options calls seconds lack repair -- "$@"
begin
rate=$(pace)

start_server
calls load "$calls" $((${seconds%.*} + 60))
eventually 30 "the recordings" have recording "$calls"
sleep "$seconds"
at=$EPOCHREALTIME
kill_server KILL
stop KILL "$caller"

say "$calls recordings, server killed:"
read -r most median n < <(python3 "$here/look.py" lacks "$root" "$at")
figure "lacks at most, median, s" "$most $median"
[ "$n" = "$calls" ] || wrong "there are $n recordings"
less "$most" "$lack" || wrong "more than $lack s are missing"
opens

start_server
eventually 20 "the repair" have repaired "$calls" || true
took=$(python3 "$here/look.py" logged "$server_log" "are seen to" took)
took=$(python3 -c 'import sys; print("%.3f" % (float(sys.argv[1]) / 1000))' "$took")
figure "repaired" "$(recordings repaired) in $took s; the server listened after $listened s"
[ "$(recordings repaired)" = "$calls" ] || wrong "only $(recordings repaired) are repaired"
less "$took" "$repair" || wrong "the repair took longer than $repair s"
python3 "$here/look.py" tone "$root" >"$work/tone.json"
figure "sound of the caller" "$(of tone seconds) s in all, $(of tone missing_ms) ms missing, $(of tone moved) of $(of tone blocks) stretches out of step"
opens
verify
kill_server TERM
verify
result
