// An AudioSocket server made of asterisk-audiosocket. Flags: --port, --host, --dir, and
// --mode listen, echo (by the package's paced player), tone (440 Hz for --seconds) or
// hangup (after --seconds).
//
// The package knows neither digits nor rates above 8000 Hz: it calls them errors, and a
// server that does not listen for errors dies of them.
import { AudioSocketServer } from "asterisk-audiosocket";
import { Counter, Streams, audio, commands, flags, pieces, say, wait } from "./peer.js";

const f = flags({ mode: "listen", seconds: 1 });
const streams = new Streams();
const server = new AudioSocketServer({ host: f.host, port: f.port });

server.on("connection", (call) => {
  const s = streams.add({ call });
  s.counter = new Counter(s, f.dir);
  call.on("id", (uuid) => say("open", { id: s.id, uuid, from: call.remoteAddress }));
  call.on("error", (e) => say("problem", { id: s.id, error: e.message }));
  call.on("audio", (pcm) => {
    s.counter.take(pcm);
    if (f.mode === "echo") call.play(pcm);
  });
  call.on("hangup", () => {
    s.counter.close();
    say("close", { id: s.id, wire: call.socket.bytesRead, ...s.counter.report() });
  });
  call.once("id", async () => {
    if (f.mode === "tone") {
      await call.play(audio({ seconds: f.seconds }));
      say("played", { id: s.id });
    }
    if (f.mode === "hangup") {
      await wait(1000 * f.seconds);
      call.hangup();
    }
  });
});

commands({
  play: (c) => streams.get(c.id).call.play(audio(c)),
  flush: (c) => streams.get(c.id).call.flushPlayback(),
  audio: (c) => pieces(audio(c), c.size ?? 320, c, (piece) => streams.get(c.id).call.writeFrame(piece)),
  hangup: (c) => streams.get(c.id).call.hangup(),
  raw: (c) => streams.get(c.id).call.socket.write(Buffer.from(c.hex, "hex")),
  destroy: (c) => streams.get(c.id).call.socket.destroy(),
  report: (c) => {
    const s = streams.get(c.id);
    say("report", { id: s.id, wire: s.call.socket.bytesRead, ...s.counter.report() });
  },
});

await server.listen();
say("listening", { port: server.address.port });
