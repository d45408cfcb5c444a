# shellcheck shell=bash
# What the scripts beside this file share: a server with its own loopback address, calls
# by "rms load", and clean-up by process id. They source it; it does nothing by itself.
#
# RMS names the program; without it ./rms is built. KEEP=1 keeps the working folder.
# An address of 127.0.0.0/8 for each run makes all ports free ones (Linux).

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work= server= root= server_log=
children=() # calls, storage
mounted=() frozen= loops=()
failures=0

say() { printf '%s\n' "$*"; }
# figure NAME VALUE...: a line of the result
figure() { printf '  %-34s %s\n' "$1" "${*:2}"; }
# wrong TEXT: what should not be; the script goes on and ends with status 1
wrong() { printf 'WRONG: %s\n' "$*"; failures=$((failures + 1)); }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
# skip TEXT: this machine cannot do it
skip() { printf 'SKIPPED: %s\n' "$*"; exit 77; }

python3() { "${python:-$(type -P python3)}" -S "$@"; }

need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 || die "$program is not installed: apt-get install sox ffmpeg python3 e2fsprogs util-linux"
  done
}

need_root() { [ "$(id -u)" = 0 ] || skip "$1 needs root: run it with sudo"; }

# options NAME... -- ARGUMENTS: sets the variables that --name VALUE names; --help prints
# the comment at the top of the script.
options() {
  local known=()
  while [ "$1" != -- ]; do known+=("$1"); shift; done
  shift
  while [ $# -gt 0 ]; do
    if [ "$1" = --help ] || [ "$1" = -h ]; then
      sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
      exit 0
    fi
    local name=${1#--}
    case " ${known[*]} " in *" $name "*) ;; *) die "$1 is not known: try --help" ;; esac
    [ $# -ge 2 ] || die "$1 needs a value"
    [[ $2 =~ ^[0-9]+([.][0-9]+)?$ ]] || die "$1 needs a number, not $2"
    printf -v "$name" %s "$2"
    shift 2
  done
}

# begin: working folder, program, addresses
begin() {
  need python3 sox soxi ffprobe
  python=$(python3 -c 'import sys; print(sys.executable)') # not a shim, which takes its time
  work=$(mktemp -d "${TMPDIR:-/tmp}/rms-recording.XXXXXX")
  trap finish EXIT
  trap 'exit 130' INT TERM
  if [ -z "${RMS:-}" ]; then
    (cd "$here/../.." && make -s build)
    RMS=$here/../../rms
  fi
  [ -x "$RMS" ] || die "no program $RMS: make build, or set RMS"
  local net=127.$((80 + RANDOM % 170)).$((RANDOM % 250))
  server_address=$net.1 caller_address=$net.2 storage_address=$net.3
  root=$work/recordings
  mkdir "$root"
  ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
  cat >"$work/record.lua" <<'LUA'
-- Each call is recorded and hears a tone; what becomes of the recording goes to the log.
event_route["rms:start"] = function(call)
  rms.record_start { sides = "stereo", name = "all", required = call.header("X-Required") ~= nil }
  rms.play { file = "tone:440", loop = true }
end
for _, name in ipairs { "start", "gap", "error", "stop", "uploaded" } do
  event_route["rms:record_" .. name] = function(call)
    rms.log { text = "EVENT " .. name .. " " .. tostring(call.reason) .. " " .. tostring(call.ended) }
  end
end
LUA
}

finish() {
  local status=$? pid
  trap - EXIT INT TERM
  [ -z "$frozen" ] || thaw || true
  for pid in $server "${children[@]}"; do stop KILL "$pid"; done
  local point
  for point in "${mounted[@]}"; do
    umount "$point" || umount -l "$point" || true
  done
  if [ -n "$work" ] && [ "$status" -ne 0 ] && [ "$status" -ne 77 ] && [ "$status" -ne 130 ]; then
    [ -z "$server_log" ] || { say "end of the server's log:"; grep -v EVENT "$server_log" | tail -n 12; }
  fi
  [ -n "${KEEP:-}" ] && say "kept: $work" || rm -rf "$work"
  exit "$status"
}

# result: the last line of a script, and its status
result() {
  [ "$failures" -eq 0 ] || { say "FAILED: $failures thing(s) wrong"; exit 1; }
  say "PASSED"
}

# start_server FLAGS...: sets server and server_log, and the seconds until it listened
start_server() {
  server_log=$(mktemp "$work/server.XXXX.log")
  local from=$EPOCHREALTIME
  "$RMS" serve --listen "udp://$server_address:5060" --rtp-ports 10000-29999 --record-root "$root" --record.min_free 0B \
    --script "$work/record.lua" --sip.new_calls_per_second 2000 --log-level info --log.format json --http "" --http.socket "" --log.records "$work/calls.json" \
    "$@" >"$work/out" 2>"$server_log" &
  server=$!
  until grep -q "listening   udp" "$work/out" "$server_log" 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { cat "$work/out" "$server_log"; die "the server ended"; }
    sleep 0.02
  done
  listened=$(since "$from")
}

stop() { # SIGNAL PID: of a process of this run; waits for its end
  { kill "-$1" "$2" && wait "$2"; } 2>/dev/null || true
}

kill_server() { # SIGNAL
  stop "$1" "$server"
  server=
}

# calls NAME CALLS SECONDS FLAGS...: places calls in the background and sets caller;
# the result comes to NAME.json in the working folder. Ports of two runs must differ.
calls() {
  local name=$1 n=$2 seconds=$3
  shift 3
  "$RMS" load "sip:record@$server_address:5060" --bind "$caller_address" --calls "$n" --rate "$rate" --for "${seconds}s" \
    --two-way --baseline 100ms --json --pid "$server" "$@" >"$work/$name.json" 2>"$work/$name.err" &
  caller=$!
  children+=("$caller")
}

# called NAME PID: waits for calls; their status is in NAME.json too
called() {
  wait "$2" || true
  [ -s "$work/$1.json" ] || { cat "$work/$1.err"; die "no calls could be placed"; }
}

# of NAME KEY...: a number out of NAME.json
of() { python3 "$here/look.py" value "$work/$1.json" "${@:2}"; }

calc() { python3 -c "print($1)"; }
# calls a second: within 2 s, but not fewer than ten
pace() { calc "max(10, $calls // 2)"; }

since() { python3 -c 'import sys; print("%.3f" % (float(sys.argv[2]) - float(sys.argv[1])))' "$1" "$EPOCHREALTIME"; }

less() { python3 -c 'import sys; sys.exit(float(sys.argv[1]) >= float(sys.argv[2]))' "$1" "$2"; }

# eventually SECONDS TEXT COMMAND...: polls until the command succeeds
eventually() {
  local end=$((SECONDS + $1)) text=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -le "$end" ] || { wrong "waited in vain for $text"; return 1; }
    sleep 0.05
  done
}

# recordings STATE: how many sidecars have the state
recordings() { { grep -rlE --include='*.wav.json' "\"state\": *\"$1\"" "$root" || true; } | wc -l; }
have() { [ "$(recordings "$1")" -ge "$2" ]; }

# opens: each file opens in sox, ffprobe and Python's wave, with the same length
opens() {
  local files=() file
  while IFS= read -r file; do files+=("$file"); done < <(find "$root" -name '*.wav' | sort)
  [ "${#files[@]}" -gt 0 ] || { wrong "there is no file"; return; }
  soxi -D "${files[@]}" >"$work/soxi" 2>&1 || wrong "sox does not open all: $(grep -v '^[0-9.]*$' "$work/soxi" | head -n 1)"
  for file in "${files[@]}"; do
    ffprobe -v error -show_entries stream=duration -of csv=p=0 "$file" 2>&1 || echo "cannot open $file"
  done >"$work/ffprobe"
  python3 "$here/look.py" lengths "${files[@]}" >"$work/wave" 2>&1 || wrong "Python's wave does not open all: $(tail -n 1 "$work/wave")"
  python3 "$here/look.py" same "$work/wave" "$work/soxi" "$work/ffprobe" || wrong "the readers do not agree"
  figure "opened by sox, ffprobe, wave" "${#files[@]} files"
}

verify() {
  if "$RMS" verify "$root" >"$work/verify" 2>&1; then
    figure "rms verify" "$(grep -m 1 "in order" "$work/verify" || head -n 1 "$work/verify")"
  else
    cat "$work/verify"
    wrong "rms verify is not content"
  fi
}

# on_time NAME BEFORE: the RTP of a run is as much on time as that of the run before. A
# busy machine makes single packets late, $late in a hundred are borne; an audio thread
# that waited makes all of them late.
on_time() {
  local behind before sent
  behind=$(of "$1" late) before=$(of "$2" late) sent=$(of "$1" packets received)
  figure "RTP packets > 20 ms late" "$behind of $sent; without: $before of $(of "$2" packets received)"
  figure "RTP deviation p99.9, ms" "$(of "$1" deviation p99_9_ms); without: $(of "$2" deviation p99_9_ms)"
  less "$behind" "$(calc "$before * $sent / $(of "$2" packets received) + $sent * $late / 100 + 1")" || wrong "RTP was late"
  [ "$(of "$1" packets lost)" -le "$(of "$1" packets refused_by_our_buffer)" ] || wrong "RTP was lost: $(of "$1" packets lost)"
}

# all_lived NAME: no call failed or was ended by the server
all_lived() {
  figure "calls" "$(of "$1" answered) answered, $(of "$1" failed) failed, $(of "$1" ended_by_server) ended by the server, $(of "$1" byes_unanswered) BYEs unanswered"
  [ "$(of "$1" failed)" = 0 ] && [ "$(of "$1" ended_by_server)" = 0 ] && [ "$(of "$1" byes_unanswered)" = 0 ] || wrong "a call did not live"
}

logged() { grep -c -- "$1" "$server_log" || true; }

# by_call TEXT: how many calls have a line with it in the log
by_call() { { grep -- "$1" "$server_log" || true; } | grep -o '"call_id":"[^"]*"' | sort -u | wc -l; }
ended() { [ "$(logged 'EVENT stop')" -ge "$1" ]; }
none_open() { [ -z "$(ls -A "$root/.rms/open" 2>/dev/null)" ]; }

# mount_loop SIZE: an ext4 file system in a file, at root
mount_loop() {
  need mkfs.ext4 fsfreeze
  need_root "$2"
  truncate -s "$1" "$work/image"
  mkfs.ext4 -q -F "$work/image"
  mount -o loop "$work/image" "$root" 2>"$work/mount" || skip "no loop device can be mounted here: $(cat "$work/mount")"
  mounted+=("$root")
  rmdir "$root/lost+found"
}

freeze() { frozen=$root; fsfreeze -f "$root"; }
thaw() { fsfreeze -u "$frozen" && frozen=; }
