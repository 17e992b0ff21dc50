/** One signal for all calls of a program: nothing of them is left on it. */
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { FtpClient, FtpPool } from "ferry/client";
import { leakCheck, ScriptedServer } from "ferry/testing";
import { loginAt } from "./support/scripted.js";

leakCheck();

/** What follows the signal: its listeners, and what `AbortSignal.any` leaves on it, which Node.js has no name for. */
function followersOf(signal: AbortSignal): number {
  const own = signal as unknown as Record<symbol, { readonly size?: number } | undefined>;
  const dependants = Object.getOwnPropertySymbols(signal).filter((s) => /ependantSignals/.test(String(s)));
  return dependants.reduce(
    (sum, symbol) => sum + (own[symbol]?.size ?? 0),
    getEventListeners(signal, "abort").length,
  );
}

test("thousands of calls with one signal leave nothing on it", async () => {
  await using server = await ScriptedServer.start({
    answers: {
      SIZE: "213 1",
      LIST: (peer) => peer.sendFile(""),
      RETR: (peer) => peer.sendFile("x"),
      STOR: async (peer) => void (await peer.receiveFile()),
    },
  });
  const { signal } = new AbortController();
  await using client = await FtpClient.connect(loginAt(server), { signal });
  for (let n = 0; n < 3000; n++) await client.size("f", { signal });
  for (let n = 0; n < 50; n++) {
    for await (const _ of client.list("", { signal }));
    for await (const _ of client.createReadStream("f", { signal }));
    await new Promise((resolve, reject) => {
      client.createWriteStream("f", { signal }).on("error", reject).on("close", resolve).end("x");
    });
  }
  await using pool = new FtpPool(loginAt(server));
  for (let n = 0; n < 50; n++) await pool.run((one) => one.size("f", { signal }), { signal });
  assert.equal(followersOf(signal), 0);
});

test("calls that fail, or are aborted, leave nothing on it either", async () => {
  await using server = await ScriptedServer.start({ answers: { SIZE: "550 No.", RETR: "550 No." } });
  const stop = new AbortController();
  const { signal } = stop;
  await using client = await FtpClient.connect(loginAt(server), { signal });
  await assert.rejects(client.size("f", { signal }));
  await assert.rejects(client.createReadStream("f", { signal }).toArray());
  const waiting = [client.size("f", { signal }), client.readFile("f", { signal })];
  stop.abort();
  for (const call of waiting) await assert.rejects(call, { name: "AbortError" });
  assert.equal(followersOf(signal), 0);
});
