// A client of the HTTP API whose types are those that openapi-typescript made of the
// document that the server serves (api.d.ts). It waits for a call, drives it until its
// end, and says what it saw in lines of JSON. A mistake in a path, an argument or the
// use of an answer does not compile.
import type { components, operations, paths } from './api';

declare const process: { argv: string[]; exitCode: number };

const base = process.argv[2];
const say = (event: string, fields: object) => console.log(JSON.stringify({ event, ...fields }));

type Problem = components['schemas']['Problem'];
type Answer<O> = O extends { responses: { 200: { content: { 'application/json': infer A } } } } ? A : never;
type Body<O> = O extends { requestBody?: { content: { 'application/json': infer B } } } ? B : never;
type Reads = { [P in keyof paths]: paths[P] extends { get: object } ? P : never }[keyof paths];
type Verbs = { [P in keyof paths]: P extends `/v1/calls/{id}/${string}` ? (paths[P] extends { post: object } ? P : never) : never }[keyof paths];

class Refused extends Error {
  constructor(readonly problem: Problem) { super(problem.detail); }
}

async function request(method: string, path: string, body?: unknown): Promise<Response> {
  const answer = await fetch(base + path, {
    method, body: body === undefined ? undefined : JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
  });
  if (!answer.ok) throw new Refused(await answer.json());
  return answer;
}

async function get<P extends Reads>(path: P, id = ''): Promise<Answer<paths[P]['get']>> {
  return (await request('GET', path.replace('{id}', id))).json();
}

async function use<P extends Verbs>(path: P, id: string, args: Body<paths[P]['post']>, query = ''): Promise<Answer<paths[P]['post']>> {
  return (await request('POST', path.replace('{id}', id) + query, args)).json();
}

// What the types must not let pass; the compiler fails where one of these is no mistake.
async function mistakes(id: string) {
  // @ts-expect-error there is no such verb
  await use('/v1/calls/{id}/nonsense', id, {});
  // @ts-expect-error a file is a text
  await use('/v1/calls/{id}/play', id, { file: 7 });
  // @ts-expect-error the mode is not one of the words
  await use('/v1/calls/{id}/play', id, { file: 'a.wav', mode: 'louder' });
  // @ts-expect-error digits are missing
  await use('/v1/calls/{id}/dtmf', id, {});
  // @ts-expect-error that is no path to read
  await get('/v1/calls/{id}/play', id);
}
void mistakes;

async function refused(what: string, use: Promise<unknown>) {
  try {
    say('taken', { what, result: await use });
  } catch (e) {
    if (!(e instanceof Refused)) throw e;
    say('refused', { what, status: e.problem.status, detail: e.problem.detail, parameter: e.problem.parameter });
  }
}

type Told = components['schemas']['Event'];

// field is one of an event, whatever the event is.
const field = (e: Told | null | undefined, name: string) => (e?.fields as Record<string, unknown> | undefined)?.[name];

// events reads server-sent events until there is one of that name.
async function events(until: string): Promise<Told[]> {
  const answer = await request('GET', '/v1/events?name=rms:dtmf,rms:start,rms:end');
  say('subscribed', {});
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const told: Told[] = [];
  for (let text = ''; ;) {
    const { value, done } = await reader.read();
    if (done) return told;
    text += value;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const data = text.slice(0, end).split('\n').filter((l) => l.startsWith('data:')).map((l) => l.slice(5)).join('\n');
      if (!data) continue;
      told.push(JSON.parse(data) as Told);
      if (told[told.length - 1].event === until) {
        await reader.cancel();
        return told;
      }
    }
  }
}

async function main() {
  say('version', await get('/v1/version'));
  const told = events('rms:end');
  let calls: components['schemas']['Call'][] = [];
  while (calls.length === 0 || calls[0].state !== 'answered') {
    calls = (await get('/v1/calls')).calls;
    await new Promise((r) => setTimeout(r, 20));
  }
  const id = calls[0].id;
  const call = await get('/v1/calls/{id}', id);
  say('call', { id, codec: call.codec, from: call.from, state: call.state });
  await use('/v1/calls/{id}/set', id, { name: 'color', value: { deep: ['red', 7, true] } });
  say('variable', { value: (await use('/v1/calls/{id}/get', id, { name: 'color' })).result });
  const played = await use('/v1/calls/{id}/play', id, { file: 'tone:440/500ms' }, '?wait=10s');
  say('played', { reason: field(played.event, 'reason'), played_ms: field(played.event, 'played_ms') });
  await refused('type', use('/v1/calls/{id}/play', id, { file: 7 } as never));
  await refused('parameter', use('/v1/calls/{id}/play', id, { file: 'a', loud: true } as never));
  await refused('missing', use('/v1/calls/{id}/play', id, {} as never));
  await refused('verb', request('POST', `/v1/calls/${id}/nonsense`, {}));
  await use('/v1/calls/{id}/hangup', id, { reason: 'that was all' });
  const all = await told;
  const end = all[all.length - 1];
  say('end', { names: all.filter((e) => e.call === id).map((e) => e.event), cause: field(end, 'cause'), by: field(end, 'by') });
  await refused('ended', use('/v1/calls/{id}/play', id, { file: 'a.wav' }));
}

// The document names the operations that a program looks for.
export type Named = operations['play'] | operations['getCall'] | operations['subscribe'];

main().catch((e) => {
  say('failed', { error: String(e) });
  process.exitCode = 1;
});
