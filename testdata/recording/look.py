"""What the scripts beside this file ask about recordings. Standard library only.

    look.py value FILE KEY...          a value of a JSON file
    look.py lengths FILE...            seconds of each WAV file, by Python's wave
    look.py same FILE FILE...          do these lists of seconds agree
    look.py lacks ROOT TIME            what each recording lacks of a moment
    look.py tone ROOT                  the caller's tone, and the gaps that are told
    look.py logged FILE TEXT KEY       the value in the last line of a JSON log with the text
    look.py sockets PID ADDRESS        UDP sockets of a process on the address, above port 9999
    look.py storage ADDRESS PORT DIR LOG   an HTTP server that takes PUT
    look.py hashes ROOT COPY           is every recording in COPY as its sidecar says
"""
import array
import collections
import datetime
import hashlib
import http.server
import json
import os
import sys
import tempfile
import urllib.parse
import wave


def value(path, *keys):
    with open(path) as f:
        v = json.load(f)
    for k in keys:
        v = v[k]
    print(v)


def frames(path):
    with wave.open(path) as w:
        data = w.readframes(w.getnframes())
        if len(data) != w.getnframes() * w.getnchannels() * w.getsampwidth():
            raise SystemExit(f"{path}: the header promises more than there is")
        return w.getframerate(), w.getnchannels(), array.array("h", data)


def lengths(*paths):
    for path in paths:
        rate, channels, pcm = frames(path)
        print(len(pcm) / channels / rate)


def same(first, *others):
    def read(path):
        with open(path) as f:
            return [line.strip() for line in f]

    want = read(first)
    for path in others:
        got = read(path)
        if len(got) != len(want):
            raise SystemExit(f"{path}: {len(got)} lengths of {len(want)}")
        for a, b in zip(want, got):
            if b == "N/A" and float(a) == 0:
                continue
            if abs(float(a) - float(b)) > 0.002:
                raise SystemExit(f"{path}: {b} s, wave says {a} s")


def sidecars(root):
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            if name.endswith(".wav.json") and not name.startswith("."):
                with open(os.path.join(folder, name)) as f:
                    yield json.load(f)


def moment(text):
    """Seconds since 1970 of RFC 3339 with nanoseconds, which Python cuts to microseconds."""
    text = text.replace("Z", "+00:00")
    if "." in text:
        head, rest = text.split(".", 1)
        digits = rest[: len(rest) - 6]
        text = head + "." + (digits + "000000")[:6] + rest[-6:]
    return datetime.datetime.fromisoformat(text).timestamp()


def lacks(root, at):
    found = []
    for sc in sidecars(root):
        rate, channels, pcm = frames(os.path.join(root, sc["file"]))
        found.append(float(at) - moment(sc["started"]) - len(pcm) / channels / rate)
    if not found:
        raise SystemExit("there is no recording")
    found.sort()
    print(f"{found[-1]:.3f} {found[len(found) // 2]:.3f} {len(found)}")


PERIOD = 20  # samples of 400 Hz, the tone of rms load, at 8 kHz
QUIET = 25   # a run of silent samples that the tone never has


def silent(left):
    """Yields the runs of silence as (from, to)."""
    raw, at = left.tobytes(), 0
    zeros = bytes(2 * QUIET)
    while True:
        at = raw.find(zeros, at)
        if at < 0:
            return
        at += at % 2
        end = at // 2
        while end < len(left) and left[end] == 0:
            end += 1
        if end * 2 - at >= 2 * QUIET:
            yield at // 2, end
        at = 2 * end + 2


def out_of_step(left, holes, rate):
    """Counts the stretches of 20 ms, between the holes, that are not the tone at its place."""
    size, bad, total = rate // 50, 0, 0
    edges = [0] + [p for hole in holes for p in hole] + [len(left)]
    whole = b""
    for n in range(0, len(edges), 2):
        begin, end = edges[n], edges[n + 1]
        for at in range(begin + PERIOD - begin % PERIOD, end - size, size):
            part = left[at : at + size].tobytes()
            whole = whole or part
            total += 1
            bad += part != whole
    return bad, total


def tone(root):
    """The caller sends a tone without an end, so that silence on the left is what is missing."""
    n = samples = missing = worst = bad = total = 0
    causes, told_ms, wrong = collections.Counter(), collections.Counter(), []
    for sc in sidecars(root):
        rate, channels, pcm = frames(os.path.join(root, sc["file"]))
        left = pcm[0::channels]
        holes = list(silent(left))
        gaps = []
        for g in sc.get("gaps", []):
            causes[g["reason"]] += 1
            told_ms[g["reason"]] += g["length_ms"]
            if g.get("side", "") in ("", "caller"):
                gaps.append((g["at_ms"] * rate / 1000, (g["at_ms"] + g["length_ms"]) * rate / 1000))
        gaps.sort()
        slack = rate // 50 + 1  # one packet
        # The first packets are on their way when the recording begins, the last when it ends.
        ends = rate * 15 // 100
        holes = [h for h in holes if h[1] > ends and h[0] < len(left) - ends]
        gaps_in = [g for g in gaps if g[1] > ends and g[0] < len(left) - ends]
        for a, b in holes:
            inside = sum(max(0, min(b, d) - max(a, c)) for c, d in gaps)
            worst = max(worst, b - a - inside)
            if b - a - inside > slack:
                wrong.append(f"{sc['file']}: nothing tells that {(b - a - inside) / rate * 1000:.0f} ms are missing at {a / rate:.2f} s")
        for c, d in gaps_in:
            inside = sum(max(0, min(b, d) - max(a, c)) for a, b in holes)
            if d - c - inside > slack:
                wrong.append(f"{sc['file']}: a gap of {(d - c) / rate * 1000:.0f} ms at {c / rate:.2f} s has {(d - c - inside) / rate * 1000:.0f} ms of sound")
        b, t = out_of_step(left, list(silent(left)), rate)
        n, samples, missing, bad, total = n + 1, samples + len(left), missing + sum(b - a for a, b in holes), bad + b, total + t
    result = {
        "files": n, "seconds": round(samples / 8000, 1), "missing_ms": round(missing / 8), "missing_ms_per_file": round(missing / 8 / max(n, 1)),
        "gaps": dict(causes), "gap_ms": {k: round(v) for k, v in told_ms.items()}, "untold_ms": round(max(worst, 0) / 8, 1),
        "moved": bad, "blocks": total, "wrong": len(wrong), "example": wrong[0] if wrong else "",
    }
    print(json.dumps(result, indent=1))


def logged(path, text, key):
    found = "none"
    with open(path) as f:
        for line in f:
            if text in line and line.startswith("{"):
                found = json.loads(line).get(key, found)
    print(found)


def sockets(pid, address):
    own = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            own.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            pass  # closed meanwhile
    want = bytes(map(int, address.split(".")))[::-1].hex().upper()
    n = 0
    with open(f"/proc/{pid}/net/udp") as f:
        for line in f.readlines()[1:]:
            columns = line.split()
            host, port = columns[1].split(":")
            n += host == want and int(port, 16) > 9999 and f"socket:[{columns[9]}]" in own
    print(n)


def storage(address, port, folder, log):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            size = int(self.headers["Content-Length"])
            data = self.rfile.read(size)
            if len(data) < size:
                return  # the sender was killed: nothing is kept
            name = urllib.parse.unquote(self.path).lstrip("/")
            path = os.path.join(folder, *[p for p in name.split("/") if p not in ("", ".", "..")])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=os.path.dirname(folder), delete=False) as f:
                f.write(data)
            os.replace(f.name, path)
            with open(log, "a") as f:
                f.write(name + "\n")
            self.send_response(201)
            self.send_header("X-RMS-SHA256", hashlib.sha256(data).hexdigest())
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    http.server.ThreadingHTTPServer((address, int(port)), Handler).serve_forever()


def hashes(root, copy):
    """Each recording and its sidecar, whose last upload is not told in the copy."""
    n = 0
    want = set()
    for sc in sidecars(root):
        path = os.path.join(copy, sc["file"])
        want |= {sc["file"], sc["file"] + ".json"}
        with open(path, "rb") as f:
            data = f.read()
        if len(data) != sc["bytes"] or hashlib.sha256(data).hexdigest() != sc["sha256"]:
            raise SystemExit(f"{path} is not what was recorded")
        with open(path + ".json") as f:
            there = json.load(f)
        for key in ("id", "file", "sha256", "bytes", "state", "samples"):
            if there[key] != sc[key]:
                raise SystemExit(f"{path}.json: {key} is {there[key]}, here {sc[key]}")
        n += 1
    have = {os.path.relpath(os.path.join(d, f), copy) for d, _, names in os.walk(copy) for f in names}
    if have != want:
        raise SystemExit(f"there are others or too few: {sorted(have ^ want)[:4]}")
    print(n)


if __name__ == "__main__":
    commands = {f.__name__: f for f in (value, lengths, same, lacks, tone, logged, sockets, storage, hashes)}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        raise SystemExit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
