import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { ClientSessions } from "./client-sessions.js";

const named = (name: string): Buffer => Buffer.from(name);

/** Takes the next offer, and says what became of it; its name. */
function use(sessions: ClientSessions, resumed: boolean): string | undefined {
  const offer = sessions.next();
  if (offer !== undefined) sessions.answered(offer, resumed);
  return offer?.session.toString();
}

test("the control connection's newest session is used again and again", () => {
  const sessions = new ClientSessions();
  assert.equal(sessions.next(), undefined);
  sessions.keep(named("c1"), "control");
  sessions.keep(named("c2"), "control");
  sessions.keep(named("d1"), "data");
  assert.deepEqual(
    [1, 2, 3].map(() => use(sessions, true)),
    ["c2", "c2", "c2"],
  );
});

test("a session that the server refuses is not offered again", () => {
  const sessions = new ClientSessions();
  sessions.keep(named("c1"), "control");
  sessions.keep(named("c2"), "control");
  assert.equal(use(sessions, false), "c2");
  assert.deepEqual([use(sessions, true), use(sessions, true)], ["c1", "c1"]);
  assert.equal(use(sessions, false), "c1");
  assert.equal(use(sessions, true), undefined);
});

test("a server that takes each session once gets each once, those of data connections too", () => {
  const sessions = new ClientSessions();
  sessions.keep(named("c1"), "control");
  sessions.keep(named("c2"), "control");
  assert.equal(use(sessions, true), "c2");
  sessions.keep(named("d1"), "data");
  assert.equal(use(sessions, false), "c2", "a second time");
  sessions.keep(named("d2"), "data");
  assert.deepEqual([use(sessions, true), use(sessions, true), use(sessions, true)], ["c1", "d2", "d1"]);
  assert.equal(use(sessions, true), undefined);
  sessions.keep(named("d3"), "data");
  assert.equal(use(sessions, true), "d3");
});

test("a server that gives sessions without end is not kept track of", () => {
  const sessions = new ClientSessions();
  for (let n = 0; n < 1000; n++) sessions.keep(named(`c${n}`), "control");
  const seen: (string | undefined)[] = [];
  for (let last = use(sessions, false); last !== undefined; last = use(sessions, false)) seen.push(last);
  assert.deepEqual(seen, ["c999", "c998", "c997", "c996"]);
});
