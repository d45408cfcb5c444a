// What the three peers share: flags, events as lines of JSON on stdout, commands as
// lines of JSON on stdin, counting of what arrives, audio to send.
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";

// flags reads "--name value" and "--name" (true).
export function flags(defaults) {
  const out = { host: "127.0.0.1", port: 0, dir: ".", ...defaults };
  const words = process.argv.slice(2);
  while (words.length > 0) {
    const name = words.shift().replace(/^--/, "");
    const value = words.length > 0 && !words[0].startsWith("--") ? words.shift() : true;
    out[name] = typeof out[name] === "number" ? Number(value) : value;
  }
  return out;
}

export function say(event, fields = {}) {
  process.stdout.write(JSON.stringify({ event, at: now(), ...fields }) + "\n");
}

// now is the wall clock in milliseconds, to the microsecond.
export function now() {
  return Math.round((performance.timeOrigin + performance.now()) * 1000) / 1000;
}

export const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// How late this machine lets a timer be, in ms: the newest 200 of one each 10 ms.
const lateness = [];
(function watch(due) {
  setTimeout(() => {
    lateness.push(performance.now() - due);
    if (lateness.length > 200) lateness.shift();
    watch(performance.now() + 10);
  }, 10).unref();
})(performance.now() + 10);

// commands runs what comes on stdin: {"do":"close","id":1,...}. The test ends us by a
// signal, or by closing stdin.
export function commands(verbs) {
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", async (line) => {
    let c = {};
    try {
      c = JSON.parse(line);
      if (!verbs[c.do]) throw new Error("unknown command");
      await verbs[c.do](c);
      say("done", { do: c.do, id: c.id });
    } catch (e) {
      say("error", { do: c.do, id: c.id, error: String(e.message ?? e) });
    }
  });
  lines.on("close", () => process.exit(0));
}

// Streams keeps the connections by number; a command without one means the latest.
export class Streams {
  #all = [];

  add(s) {
    s.id = this.#all.push(s);
    return s;
  }

  get(id) {
    const s = id === undefined ? this.#all.at(-1) : this.#all[id - 1];
    if (!s) throw new Error("no such stream");
    return s;
  }
}

// Counter keeps what one stream brought: messages, bytes, their sizes, the gaps
// between their arrivals, and the audio in a file of raw PCM.
export class Counter {
  frames = 0;
  bytes = 0;
  sizes = {};
  #gaps = [];
  #last = 0;
  #second = { start: 0, frames: 0, bytes: 0 };

  constructor(stream, dir, suffix = "raw") {
    this.stream = stream;
    this.file = path.join(dir, `${stream.id}.${suffix}`);
    this.out = fs.openSync(this.file, "w");
  }

  take(data) {
    const at = performance.now();
    if (this.frames === 0) {
      this.first = now();
      this.#second.start = at;
    } else {
      this.#gaps.push(at - this.#last);
    }
    this.#last = at;
    this.frames++;
    this.bytes += data.length;
    this.sizes[data.length] = (this.sizes[data.length] ?? 0) + 1;
    fs.writeSync(this.out, data);
    this.#tick(at, data.length);
  }

  #tick(at, size) {
    const s = this.#second;
    s.frames++;
    s.bytes += size;
    if (at - s.start >= 1000) {
      say("second", { id: this.stream.id, frames: s.frames, bytes: s.bytes });
      this.#second = { start: at, frames: 0, bytes: 0 };
    }
  }

  report() {
    const gaps = [...this.#gaps].sort((a, b) => a - b);
    const at = (q) => (gaps.length ? Math.round(gaps[Math.min(gaps.length - 1, Math.floor(q * gaps.length))] * 100) / 100 : 0);
    return {
      frames: this.frames, bytes: this.bytes, sizes: this.sizes, file: this.file, first: this.first ?? 0,
      late: [...lateness].sort((a, b) => b - a)[Math.floor(lateness.length / 10)] ?? 0,
      gaps: { p50: at(0.5), p99: at(0.99), max: at(1) },
    };
  }

  close() {
    if (this.out !== undefined) fs.closeSync(this.out);
    this.out = undefined;
  }
}

// audio is s16le mono: a file, or a sine of c.hz for c.seconds at c.rate, at -6 dBFS.
export function audio(c) {
  if (c.file) return fs.readFileSync(c.file);
  const rate = c.rate ?? 8000;
  const out = Buffer.alloc(2 * Math.round(rate * (c.seconds ?? 1)));
  for (let i = 0; 2 * i < out.length; i++) {
    out.writeInt16LE(Math.round(16422 * Math.sin((2 * Math.PI * (c.hz ?? 440) * i) / rate)), 2 * i);
  }
  return out;
}

// pieces cuts audio; send takes one each c.ms on absolute deadlines, or all at once
// with c.burst.
export async function pieces(data, size, c, send) {
  const began = performance.now();
  for (let i = 0; i * size < data.length; i++) {
    if (!c.burst) await wait(Math.max(0, began + i * (c.ms ?? 20) - performance.now()));
    send(data.subarray(i * size, (i + 1) * size));
  }
}
