// An AudioSocket server made of @fonoster/streams. Flags: --port, --host, --dir, and
// --mode listen, echo, tone (440 Hz for --seconds, by the package's own player) or
// hangup (after --seconds).
//
// The package reads one message from each chunk that TCP delivers and drops the rest
// of it, so that "wire" beside "bytes" tells whether messages came together.
import fs from "node:fs";
import path from "node:path";
import streamsPackage from "@fonoster/streams";
import { Counter, Streams, audio, commands, flags, pieces, say, wait } from "./peer.js";

const f = flags({ mode: "listen", seconds: 1 });
const streams = new Streams();
const server = new streamsPackage.AudioSocket();

server.onConnection(async (request, stream) => {
  const s = streams.add({ stream });
  s.counter = new Counter(s, f.dir);
  say("open", { id: s.id, uuid: request.ref });
  stream.onData((data) => {
    if (data === null) return say("empty", { id: s.id });
    s.counter.take(data);
    if (f.mode === "echo") stream.write(data);
  });
  stream.onError((e) => say("problem", { id: s.id, error: e.message }));
  stream.onClose(() => {
    if (s.over) return; // comes for a hang-up and for the end of the connection
    s.over = true;
    s.counter.close();
    say("close", { id: s.id, wire: stream.socket.bytesRead, ...s.counter.report() });
  });
  if (f.mode === "tone") {
    const file = path.join(f.dir, `tone${s.id}.sln`);
    fs.writeFileSync(file, audio({ seconds: f.seconds }));
    await stream.play(file);
    say("played", { id: s.id });
  }
  if (f.mode === "hangup") {
    await wait(1000 * f.seconds);
    stream.hangup();
  }
});

commands({
  audio: (c) => pieces(audio(c), c.size ?? 320, c, (piece) => streams.get(c.id).stream.write(piece)),
  hangup: (c) => streams.get(c.id).stream.hangup(),
  raw: (c) => streams.get(c.id).stream.socket.write(Buffer.from(c.hex, "hex")),
  destroy: (c) => streams.get(c.id).stream.socket.destroy(),
  report: (c) => {
    const s = streams.get(c.id);
    say("report", { id: s.id, wire: s.stream.socket.bytesRead, ...s.counter.report() });
  },
});

server.listen(f.port, f.host, () => say("listening", { port: server.server.address().port }));
