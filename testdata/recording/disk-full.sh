#!/usr/bin/env bash
# disk-full.sh [--calls 20] [--seconds 30] [--megabytes 8] [--late 0.5]
#
# Records calls into a small file system that fills up while they go on, and compares with
# the same calls on a disk with room: the calls live, their RTP is as much on time, each
# has one rms:record_error and one rms:record_stop, the files are valid as far as they were
# synced. Calls with required = true end by themselves and say why. With room again all
# files get their entries in the books, without a restart, and rms verify finds everything
# in order. Needs root, for a tmpfs.
#
#   --calls      how many are recorded; a quarter more are with required
#   --seconds    how long they stand; 32 kB/s each have to fill the file system
#   --megabytes  size of the file system
#   --late       RTP packets in a hundred that may be late beyond those without
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
calls=20 seconds=30 megabytes=8 late=0.5
options calls seconds megabytes late -- "$@"
begin
rate=$(pace)
need_root "a tmpfs"

start_server
calls roomy "$calls" "$(calc "min(20, $seconds)")"
called roomy "$caller"
kill_server TERM
rm -rf "$root"/* "$root"/.rms
all_lived roomy

mount -t tmpfs -o "size=$(calc "int($megabytes * 1024)")k" rms-recording "$root" 2>"$work/mount" || skip "no tmpfs can be mounted here: $(cat "$work/mount")"
mounted+=("$root")
start_server
needed=$((calls / 4 + 1)) all=$((calls + calls / 4 + 1))
calls full "$calls" "$seconds" --rtp-ports 30000-39999
full=$caller
calls required "$needed" "$seconds" --rtp-ports 40000-49999 --header "X-Required: yes"
called full "$full"
called required "$caller"
eventually 30 "the ends of the recordings" ended "$all" || true

say "$all recordings on $megabytes MB:"
figure "left on the disk" "$(df --output=avail -k "$root" | tail -n 1) kB"
all_lived full
on_time full roomy
figure "rms:record_error, of so many files" "$(logged 'EVENT error'), $(by_call 'EVENT error')"
figure "rms:record_stop, reasons" "$(logged 'EVENT stop'), $(grep -o 'EVENT stop [a-z]*' "$server_log" | sort | uniq -c | tr -s '\n ' ' ')"
[ "$(logged 'EVENT error')" = "$all" ] && [ "$(by_call 'EVENT error')" = "$all" ] || wrong "not one rms:record_error for each"
[ "$(logged 'EVENT stop')" = "$all" ] && [ "$(by_call 'EVENT stop')" = "$all" ] || wrong "not one rms:record_stop for each"
opens

calls late "$needed" 1 --header "X-Required: yes"
called late "$caller"
say "calls that must be recorded:"
figure "when the disk was filled" "$(of required answered) answered, $(of required ended_by_server) ended by the server"
figure "on the full disk" "$(of late answered) answered, $(of late failed) refused, $(of late ended_by_server) ended by the server"
[ "$(of required ended_by_server)" = "$needed" ] && [ $(($(of late failed) + $(of late ended_by_server))) = "$needed" ] ||
  wrong "a call went on without its recording"
told=$(grep -c 'The Call Must Be Recorded' "$work/calls.json" || true)
figure "call records with the reason" "$told"
[ "$told" = $((2 * needed)) ] || wrong "the call records do not tell why"

mount -o "remount,size=$(calc "int($megabytes * 4096)")k" "$root"
from=$EPOCHREALTIME
say "with room again, the server running:"
eventually 20 "the entries in the books" none_open || true
figure "entered in the books" "after $(since "$from") s: $(recordings failed) failed, $(recordings complete) complete, $(recordings recording) open"
[ "$(recordings failed)" = "$all" ] || wrong "not all have their entry"
python3 "$here/look.py" tone "$root" >"$work/tone.json"
figure "sound of the caller" "$(of tone seconds) s in all, $(of tone missing_ms) ms missing, $(of tone moved) of $(of tone blocks) stretches out of step"
figure "gaps told, ms" "$(of tone gap_ms)"
opens
verify
kill_server TERM
result
