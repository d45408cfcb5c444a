// A websocket server made of the npm package ws. It prints what it sees and does what
// it is told. Flags:
//
//   --port N --host IP --dir DIR      where to listen (0: any port), where PCM files go
//   --cert F --key F --ca F           TLS; with --ca a client certificate is demanded
//   --deflate                         permessage-deflate for all messages
//   --protocol NAME                   the sub-protocol to choose when it is offered
//
// Paths: /refuse/403 answers with that status, /late/300 upgrades after 300 ms, /never
// does not answer, /redirect sends a 302 to /, /echo sends binary messages back, /shut
// closes at once with 4001. Any other path only listens.
import http from "node:http";
import https from "node:https";
import fs from "node:fs";
import { WebSocketServer } from "ws";
import { Counter, Streams, audio, commands, flags, pieces, say, wait } from "./peer.js";

const f = flags({ deflate: false });
const streams = new Streams();

const server = f.cert
  ? https.createServer({
      cert: fs.readFileSync(f.cert), key: fs.readFileSync(f.key),
      ...(f.ca && { ca: fs.readFileSync(f.ca), requestCert: true, rejectUnauthorized: true }),
    })
  : http.createServer();

const wss = new WebSocketServer({
  noServer: true, maxPayload: 16 << 20,
  perMessageDeflate: f.deflate ? { threshold: 0 } : false,
  handleProtocols: (offered) => (offered.has(f.protocol) ? f.protocol : false),
});

server.on("tlsClientError", (e) => say("tls_error", { code: e.code ?? "", error: e.message }));
server.on("upgrade", async (req, socket, head) => {
  socket.on("error", () => {});
  const [, what, value] = req.url.split("?")[0].split("/");
  if (what === "refuse" || what === "redirect") {
    const status = Number(value ?? 302);
    say("refused", { path: req.url, status, headers: req.headers });
    const place = what === "redirect" ? `Location: ws://${req.headers.host}/\r\n` : "";
    socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${place}Content-Length: 0\r\nConnection: close\r\n\r\n`);
    return;
  }
  if (what === "never") return say("refused", { path: req.url, status: 0, headers: req.headers });
  if (what === "late") await wait(Number(value));
  wss.handleUpgrade(req, socket, head, (ws) => take(ws, req, what));
});

function take(ws, req, what) {
  const s = streams.add({ ws, texts: 0, kinds: [] });
  s.counter = new Counter(s, f.dir);
  const socket = req.socket;
  const peer = f.ca ? socket.getPeerCertificate() : undefined;
  say("open", {
    id: s.id, path: req.url, headers: req.headers, raw: req.rawHeaders, protocol: ws.protocol, extensions: ws.extensions,
    response: ws._extensions?.["permessage-deflate"]?.params, tls: f.cert ? socket.getProtocol() : undefined, client: peer?.subject?.CN,
  });
  ws.on("message", (data, binary) => message(s, data, binary, what));
  ws.on("ping", (data) => say("ping", { id: s.id, data: data.toString() }));
  ws.on("pong", (data) => say("pong", { id: s.id, data: data.toString() }));
  ws.on("error", (e) => say("problem", { id: s.id, error: e.message }));
  ws.on("close", (code, reason) => {
    s.counter.close();
    say("close", { id: s.id, code, reason: reason.toString(), texts: s.texts, last: s.last, wire: socket.bytesRead, ...s.counter.report() });
  });
  if (what === "shut") ws.close(4001, "bye now");
}

function message(s, data, binary, what) {
  if (s.last === undefined) say("first", { id: s.id, kind: binary ? "binary" : "text" });
  s.last = binary ? "binary" : "text";
  if (!binary) {
    s.texts++;
    say("text", { id: s.id, text: data.toString(), frames: s.counter.frames });
    return;
  }
  s.counter.take(data);
  if (what === "echo") s.ws.send(data);
}

commands({
  text: (c) => streams.get(c.id).ws.send(c.text),
  // One message of mod_audio_stream with the audio inside.
  streamAudio: (c) =>
    streams.get(c.id).ws.send(JSON.stringify({
      type: "streamAudio",
      data: { audioDataType: c.type ?? "raw", sampleRate: c.rate, audioData: audio(c).toString("base64"), ...c.more },
    })),
  // Binary frames of c.size bytes, one each c.ms, or all at once.
  binary: (c) => pieces(audio(c), c.size ?? (c.rate ?? 8000) / 25, c, (piece) => streams.get(c.id).ws.send(piece)),
  // One message in c.parts fragments.
  fragments: (c) => {
    const data = c.text === undefined ? audio(c) : Buffer.from(c.text);
    const size = Math.ceil(data.length / c.parts);
    for (let i = 0; i < c.parts; i++) {
      streams.get(c.id).ws.send(data.subarray(i * size, (i + 1) * size), { binary: c.text === undefined, fin: i === c.parts - 1 });
    }
  },
  ping: (c) => streams.get(c.id).ws.ping(c.data ?? ""),
  close: (c) => streams.get(c.id).ws.close(c.code ?? 1000, c.reason ?? ""),
  terminate: (c) => streams.get(c.id).ws.terminate(),
  pause: async (c) => {
    const { ws } = streams.get(c.id);
    ws.pause();
    await wait(c.time);
    ws.resume();
  },
  report: (c) => {
    const s = streams.get(c.id);
    say("report", { id: s.id, texts: s.texts, last: s.last, wire: s.ws._socket?.bytesRead, ...s.counter.report() });
  },
});

server.listen(f.port, f.host, () => say("listening", { port: server.address().port }));
