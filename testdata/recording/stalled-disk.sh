#!/usr/bin/env bash
# stalled-disk.sh [--calls 50] [--stall 10] [--before 5] [--after 5] [--hangups 10]
#     [--late 0.5]
#
# Records calls on a file system that stands still for a while (fsfreeze of an ext4 in a
# file) and compares with the same calls on one that does not: their RTP is as much on
# time. The callers send a tone without an end, so that silence in a file is sound that is
# missing: there must be a gap in its sidecar exactly there, and for a stall of less than
# 25 s no gap of the disk at all. Calls that begin meanwhile are answered and recorded, those
# that hang up get their 200 and give their ports back at once. Needs root, for mounting and freezing.
#
#   --calls     how many are recorded through the stall
#   --stall     seconds for which nothing can be written
#   --before    seconds of sound before it
#   --after     seconds behind it
#   --hangups   more calls that hang up while the disk stands still; as many more begin too
#   --late      RTP packets in a hundred that may be late beyond those without
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
calls=50 stall=10 before=5 after=5 hangups=10 late=0.5
options calls stall before after hangups late -- "$@"
begin
rate=$(pace)
mount_loop 512M "freezing a file system"
total=$((before + stall + after))

start_server
calls moving "$calls" "$(calc "min(20, max(3, $total // 2))")"
called moving "$caller"
kill_server TERM
python3 "$here/look.py" tone "$root" >"$work/tone.json"
say "$calls calls, without a stall:"
all_lived moving
figure "out of step" "$(of tone moved) of $(of tone blocks) stretches of 20 ms"
rm -rf "$root"/2* "$root"/.rms

start_server
calls stalled "$calls" "$total" --rtp-ports 30000-39999
through=$caller
calls short "$hangups" $((before + 1)) --rtp-ports 40000-49999
short=$caller
eventually 30 "the recordings" have recording $((calls + hangups))
all=$((calls + 2 * hangups))
sleep "$before"
from=$EPOCHREALTIME
freeze
say "$all calls, the disk stands still until these have hung up, and for $stall s at least:"
calls new "$hangups" 1 --rtp-ports 50000-59999
new=$caller
called short "$short"
figure "hung up" "$(of short answered), done $(since "$from") s after the freeze"
called new "$new"
left=$(python3 "$here/look.py" sockets "$server" "$server_address")
figure "begun and hung up" "$(of new answered), done $(since "$from") s after the freeze; set-up at most $(of new setup max_ms) ms"
figure "requests that were repeated" "$(($(of short requests_repeated) + $(of new requests_repeated)))"
figure "RTP and RTCP sockets of the server" "$left of $((2 * calls))"
all_lived short
all_lived new
[ "$left" = $((2 * calls)) ] || wrong "ports are kept"
python3 -c 'import sys, time; time.sleep(max(0, float(sys.argv[1]) - float(sys.argv[2])))' "$stall" "$(since "$from")"
ended_slow=$(logged 'EVENT stop slow')
thaw
stalled_for=$(since "$from")
called stalled "$through"
eventually 30 "the ends of the recordings" have complete "$all" || true

figure "stood still for" "$stalled_for s"
all_lived stalled
on_time stalled moving
python3 "$here/look.py" tone "$root" >"$work/tone.json"
figure "states" "$(recordings complete) complete of $all; told as slow meanwhile: $ended_slow"
figure "sound of the callers" "$(of tone seconds) s in all, missing $(of tone missing_ms) ms, $(of tone missing_ms_per_file) ms each"
figure "gaps told" "$(of tone gaps), ms: $(of tone gap_ms)"
figure "missing and not told, at most" "$(of tone untold_ms) ms"
figure "out of step" "$(of tone moved) of $(of tone blocks) stretches of 20 ms"
figure "rms:record_gap" "$(logged 'EVENT gap disk false') begun, $(logged 'EVENT gap disk true') ended"
[ "$(of tone wrong)" = 0 ] || wrong "$(of tone wrong) times sidecar and sound differ: $(of tone example)"
if less "$stalled_for" 25; then
  [ "$(logged 'EVENT gap disk')" = 0 ] || wrong "a stall of $stalled_for s made gaps"
elif less 35 "$stall"; then # the calls lasted as long
  [ "$(logged 'EVENT gap disk false')" -ge "$calls" ] || wrong "not each recording told of its gap"
fi
opens
verify
kill_server TERM
result
