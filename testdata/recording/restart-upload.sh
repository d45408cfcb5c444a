#!/usr/bin/env bash
# restart-upload.sh [--calls 20] [--seconds 5]
#
# Records calls while the storage that they are delivered to is down, and kills the server
# with SIGKILL three times: while deliveries wait, in the middle of more calls, and while
# deliveries run. In the end the storage has every recording and every sidecar, each with
# the SHA-256 that its sidecar tells, and nothing else. The storage is a real S3 server
# (versitygw, from "make peers", read with s3cmd); without it, or with STORAGE=http, a
# small HTTP server in Python. No root needed.
#
#   --calls     how many are recorded to their end; half as many more are killed
#   --seconds   how long they stand
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
calls=20 seconds=5
options calls seconds -- "$@"
begin
rate=$(pace)
key=AKIDOFRECORDING secret=secret-of-recording there=$storage_address:9000
gateway=$here/../../cmd/rms/interop/bin/versitygw
[ -x "$gateway" ] || gateway=$(command -v versitygw || true)
kind=${STORAGE:-s3}
[ -n "$gateway" ] && command -v s3cmd >/dev/null || kind=http
mkdir "$work/data" "$work/meta" "$work/copy"
: >"$work/puts"
storage=
if [ "$kind" = s3 ]; then
  target=(--upload.to s3://calls/of --upload.endpoint "http://$there" --upload.access_key "$key" --upload.secret_key "$secret")
else
  target=(--upload.to "http://$there/of/" --upload.token "$secret")
fi

s3() { s3cmd --config "$work/s3cfg" --access_key "$key" --secret_key "$secret" --host "$there" --host-bucket "$there" --no-ssl --no-progress "$@"; }

start_storage() {
  if [ "$kind" = s3 ]; then
    printf '[default]\n' >"$work/s3cfg"
    "$gateway" --port "$there" --access "$key" --secret "$secret" --quiet --keep-alive --access-log "$work/puts" \
      posix --sidecar "$work/meta" "$work/data" >"$work/storage" 2>&1 &
  else
    python3 "$here/look.py" storage "$storage_address" 9000 "$work/data" "$work/puts" >"$work/storage" 2>&1 &
  fi
  storage=$!
  children+=("$storage")
  eventually 20 "the storage" answers || die "no storage: $(tail -n 3 "$work/storage")"
  [ "$kind" = http ] || s3 mb s3://calls >"$work/s3cmd" 2>&1 || die "$(cat "$work/s3cmd")"
}

answers() { (: </dev/tcp/"$storage_address"/9000) 2>/dev/null; }
queued() { find "$root/.rms/upload" -name '*.json' 2>/dev/null | wc -l; }
waiting() { [ "$(queued)" -ge "$1" ]; }
delivered() { [ "$(queued)" -le "$1" ]; }
told() { { grep -rl --include='*.wav.json' '"state": *"done"' "$root" || true; } | wc -l; }
tried() { [ "$(logged 'not delivered')" -gt 0 ]; }
all_told() { [ "$(told)" -ge "$1" ]; }

start_server "${target[@]}"
calls first "$calls" "$seconds"
called first "$caller"
eventually 20 "the ends of the recordings" have complete "$calls" || true
eventually 20 "the queue" waiting "$calls" || true
eventually 20 "an attempt that fails" tried || true
say "$calls recordings, the storage ($kind) is down:"
all_lived first
figure "waiting, attempts that failed" "$(queued), $(logged 'not delivered')"
[ "$(queued)" = "$calls" ] || wrong "not all wait"

kill_server KILL
start_server "${target[@]}"
say "killed and started:"
figure "waiting" "$(queued)"
[ "$(queued)" = "$calls" ] || wrong "not all wait"
more=$((calls / 2 + 1)) all=$((calls + calls / 2 + 1))
calls second "$more" $((seconds + 60))
eventually 20 "more recordings" have recording "$more"
sleep "$seconds"
kill_server KILL
stop KILL "$caller"

start_server "${target[@]}"
say "killed in $more more calls, and started:"
eventually 20 "the repair" have repaired "$more" || true
eventually 20 "the queue" waiting "$all" || true
figure "repaired, waiting" "$(recordings repaired), $(queued)"
[ "$(queued)" = "$all" ] || wrong "not all wait"

from=$EPOCHREALTIME
start_storage
eventually 90 "the first deliveries" delivered $((all - all / 4 - 1)) || true
kill_server KILL
left=$(queued)
say "the storage is there; killed when it had some:"
figure "still waiting" "$left of $all, $(since "$from") s after the storage came"
start_server "${target[@]}"
eventually 90 "the deliveries" delivered 0 || true
figure "all delivered" "$(since "$from") s after the storage came"
eventually 20 "the sidecars" all_told "$all" || true
figure "sidecars that tell of it" "$(told) of $all"

if [ "$kind" = s3 ]; then
  s3 get --recursive --force s3://calls/of/ "$work/copy/" >"$work/s3cmd" 2>&1 || wrong "s3cmd: $(tail -n 2 "$work/s3cmd")"
  puts=$(grep -cE '(REST.PUT.OBJECT|PutObject) .* 200 ' "$work/puts" || true) # not those before there was a bucket
else
  cp -r "$work/data/of/." "$work/copy/"
  puts=$(wc -l <"$work/puts")
fi
if n=$(python3 "$here/look.py" hashes "$root" "$work/copy" 2>&1); then
  figure "recordings there, with sidecars" "$n of $all, SHA-256 right, nothing else there"
else
  wrong "${n##*$'\n'}"
fi
figure "PUTs for so many objects" "$puts for $((2 * all))"
[ "$puts" -le $((2 * all + 8)) ] || wrong "more was sent twice than was in flight"
verify
kill_server TERM
result
