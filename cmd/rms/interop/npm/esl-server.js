// An application that calls are handed to, made of the server class of modesl or of esl:
// it answers, plays a prompt, asks for a variable and hangs up. Flags: --kind modesl or
// esl, --host, --port, --prompt.
import net from "node:net";
import { FreeSwitchServer } from "esl";
import modesl from "modesl";
import { flags, say } from "./peer.js";

const f = flags({ kind: "modesl", prompt: "" });
const quiet = { debug() {}, info() {}, error: (...a) => process.stderr.write(a.join(" ") + "\n") };

function runModesl() {
  const listener = net.createServer();
  listener.listen(f.port, f.host, () => {
    const server = new modesl.Server({ server: listener, myevents: true }, () => say("listening", { port: listener.address().port }));
    server.on("connection::ready", async (conn) => {
      const uuid = conn.getInfo().getHeader("Unique-ID");
      say("open", { uuid, kind: conn.getInfo().getHeader("Socket-Mode"), text: conn.getInfo().getHeader("Caller-Destination-Number") });
      conn.on("esl::event::CHANNEL_HANGUP::*", (e) => say("event", { kind: "CHANNEL_HANGUP", uuid, text: e.getHeader("Hangup-Cause") }));
      conn.on("esl::event::disconnect::notice", (e) => say("event", { kind: "disconnect", uuid, text: e.getHeader("Content-Disposition") }));
      conn.on("esl::end", () => say("close", { uuid }));
      const execute = (app, arg) => new Promise((done) => conn.execute(app, arg, (e) => done(e.getHeader("Application-Response"))));
      say("reply", { kind: "answer", text: await execute("answer", "") });
      say("reply", { kind: "set", text: await execute("set", "color=blue") });
      say("reply", { kind: "playback", text: await execute("playback", f.prompt) });
      conn.sendRecv("getvar color", (e) => {
        say("reply", { kind: "getvar", text: e.getHeader("Reply-Text") });
        conn.execute("hangup", "NORMAL_CLEARING");
      });
    });
  });
}

async function runEsl() {
  const server = new FreeSwitchServer({ logger: quiet });
  server.on("connection", async (call, { data, uuid }) => {
    try {
      say("open", { uuid, kind: "async", text: data["Caller-Destination-Number"] });
      call.on("CHANNEL_HANGUP", (res) => say("event", { kind: "CHANNEL_HANGUP", uuid, text: res.body["Hangup-Cause"] }));
      call.on("freeswitch_disconnect_notice", (res) => say("event", { kind: "disconnect", uuid, text: res.headers["Content-Disposition"] }));
      call.on("socket.close", () => say("close", { uuid }));
      const execute = async (app, arg) => (await call.command(app, arg, 10000)).body["Application-Response"];
      await call.linger();
      say("reply", { kind: "answer", text: await execute("answer") });
      say("reply", { kind: "set", text: await execute("set", "color=blue") });
      say("reply", { kind: "playback", text: await execute("playback", f.prompt) });
      say("reply", { kind: "getvar", text: (await call.send("getvar color")).headers["Reply-Text"] });
      call.on("cleanup_linger", () => call.exit().catch((e) => say("failed", { error: String(e) })));
      await call.hangup("NORMAL_CLEARING");
    } catch (e) {
      say("failed", { uuid, error: String(e.stack ?? e) });
    }
  });
  await server.listen({ host: f.host, port: f.port });
  say("listening", { port: server.__server.address().port });
}

if (f.kind === "esl") await runEsl();
else runModesl();
process.stdin.resume().on("end", () => process.exit(0));
