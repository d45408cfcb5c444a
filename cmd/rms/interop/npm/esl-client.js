// A client of the Event Socket made of modesl or of esl: it waits for a call, plays it a
// prompt, streams it to a websocket server, and kills it. Flags: --kind modesl or esl,
// --host, --port, --password, --prompt, --ws (URL of the websocket server).
//
// What modesl and esl do differently is in the two drivers; "drive" is the same for both.
// modesl puts the events that it needs itself behind those asked for, so that they become
// subclasses when CUSTOM was among them; it had asked for them at the start.
import { FreeSwitchClient } from "esl";
import modesl from "modesl";
import { flags, say } from "./peer.js";

const f = flags({ kind: "modesl", password: "", prompt: "", ws: "" });
const wanted = ["CHANNEL_CREATE", "CHANNEL_ANSWER", "PLAYBACK_START", "PLAYBACK_STOP", "CHANNEL_EXECUTE_COMPLETE", "CHANNEL_HANGUP_COMPLETE"];
const custom = ["CUSTOM", "mod_audio_stream::connect", "mod_audio_stream::disconnect"];
const quiet = { debug() {}, info() {}, error: (...a) => process.stderr.write(a.join(" ") + "\n") };

// seen keeps events and lets others wait for them.
class Seen {
  #events = [];
  #waiting = [];

  take(event) {
    const name = event["Event-Name"] === "CUSTOM" ? event["Event-Subclass"] : event["Event-Name"];
    const e = { name, uuid: event["Unique-ID"], event };
    say("event", { kind: name, uuid: e.uuid, text: event._body });
    this.#events.push(e);
    this.#waiting = this.#waiting.filter((w) => !w(e));
  }

  wait(name, uuid) {
    const fits = (e) => e.name === name && (!uuid || e.uuid === uuid);
    const found = this.#events.find(fits);
    if (found) return Promise.resolve(found);
    return new Promise((done) => this.#waiting.push((e) => fits(e) && (done(e), true)));
  }
}

// byModesl connects with modesl; api and bgapi return the body of the reply.
function byModesl(seen) {
  return new Promise((ready, refused) => {
    const c = new modesl.Connection(f.host, f.port, f.password, () => {
      c.on("esl::event::**", (e) => e.getHeader && e.getHeader("Event-Name") && seen.take(headersOf(e)));
      c.events("json", [...wanted, ...custom].join(" "), () =>
        ready({
          api: (text) => new Promise((done) => c.api(text, (r) => done(r.getBody()))),
          bgapi: (text) => new Promise((done) => c.bgapi(text, (r) => done(r.getBody()))),
          show: () => new Promise((done, fail) => c.show("calls", (err, table) => (err ? fail(err) : done(table.rowCount ?? table.row_count)))),
          execute: (uuid, app, arg) => new Promise((done) => c.execute(app, arg, uuid, (r) => done(r.getHeader("Application-Response")))),
          end: () => c.disconnect(),
        }),
      );
    });
    c.on("error", refused);
    c.on("esl::event::auth::fail", () => refused(new Error("the password was refused")));
  });
}

function headersOf(event) {
  const out = {};
  for (const h of event.headers) out[h.name] = h.value;
  return { ...out, _body: event.getBody() };
}

function byEsl(seen) {
  return new Promise((ready, refused) => {
    const client = new FreeSwitchClient({ host: f.host, port: f.port, password: f.password, logger: quiet });
    client.on("error", refused);
    client.on("connect", async (call) => {
      for (const name of [...wanted, "CUSTOM"]) call.on(name, (res) => seen.take(res.body));
      await call.event_json(...wanted, ...custom);
      ready({
        api: async (text) => (await call.api(text)).body,
        bgapi: async (text) => (await call.bgapi(text, 10000)).body._body,
        show: async () => JSON.parse((await call.bgapi("show calls as json", 10000)).body._body).row_count,
        execute: async (uuid, app, arg) => (await call.command_uuid(uuid, app, arg, 10000)).body["Application-Response"],
        end: () => client.end(),
      });
    });
    client.connect();
  });
}

async function drive(open) {
  const seen = new Seen();
  const c = await open(seen);
  say("listening", { port: f.port });
  say("reply", { kind: "status", text: await c.api("status") });
  const { uuid } = await seen.wait("CHANNEL_ANSWER");
  say("reply", { kind: "exists", text: await c.bgapi(`uuid_exists ${uuid}`) });
  say("reply", { kind: "calls", text: String(await c.show()) });
  say("reply", { kind: "set", text: await c.execute(uuid, "set", "interop=yes, it works") });
  say("reply", { kind: "getvar", text: await c.api(`uuid_getvar ${uuid} interop`) });
  say("reply", { kind: "broadcast", text: await c.api(`uuid_broadcast ${uuid} ${f.prompt}`) });
  await seen.wait("PLAYBACK_STOP", uuid);
  say("reply", { kind: "playback", text: await c.execute(uuid, "playback", f.prompt) });
  say("reply", { kind: "stream", text: await c.api(`uuid_audio_stream ${uuid} start ${f.ws} mono 8k {"of":"${f.kind}"}`) });
  const connected = await seen.wait("mod_audio_stream::connect", uuid);
  say("reply", { kind: "connect", text: connected.event._body });
  say("reply", { kind: "kill", text: await c.api(`uuid_kill ${uuid}`) });
  const over = await seen.wait("CHANNEL_HANGUP_COMPLETE", uuid);
  say("reply", { kind: "cause", text: over.event["Hangup-Cause"] });
  c.end();
  say("finished");
}

drive(f.kind === "esl" ? byEsl : byModesl).catch((e) => {
  say("failed", { error: String(e.stack ?? e) });
  process.exit(1);
});
process.stdin.resume().on("end", () => process.exit(0));
