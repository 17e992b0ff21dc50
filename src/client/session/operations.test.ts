import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ScriptedServer } from "../../testing/scripted-server.js";
import { FtpAbortError } from "../errors.js";
import { DEFAULT_RECONNECT, type ReconnectOptions, settingsOf } from "../options.js";
import { Operations } from "./operations.js";

/** The pauses of a session whose server goes away, none of which is waited for. */
async function pausesAfterLoss(reconnect: Partial<ReconnectOptions>): Promise<number[]> {
  const pauses: number[] = [];
  const server = await ScriptedServer.start();
  const settings = settingsOf({ host: server.host, port: server.port, reconnect });
  const operations = new Operations(settings, async (milliseconds) => void pauses.push(milliseconds));
  await operations.run({}, async () => {});
  await server[Symbol.asyncDispose]();
  await operations.session?.pi.closed;
  await assert.rejects(
    operations.run({}, async () => {}),
    { code: "ERR_FERRY_FTP_CONNECTION", phase: "connect" },
  );
  await operations.destroy();
  return pauses;
}

describe("pauses between tries to connect again", () => {
  test("double from try to try, up to the longest", async () => {
    const pauses = await pausesAfterLoss({ attempts: 9, delay: 500, maxDelay: 9000 });
    assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 9000, 9000, 9000]);
  });

  test("are as the options say by default: one less than there are tries", async () => {
    assert.deepEqual(DEFAULT_RECONNECT, { attempts: 4, delay: 500, maxDelay: 30_000 });
    assert.deepEqual(await pausesAfterLoss({}), [500, 1000, 2000]);
  });

  test("are none with one try, and none before the first connection", async () => {
    assert.deepEqual(await pausesAfterLoss({ attempts: 1 }), []);
    const server = await ScriptedServer.start();
    const { host, port } = server;
    await server[Symbol.asyncDispose]();
    const operations = new Operations(settingsOf({ host, port }), () => assert.fail("it waits"));
    await assert.rejects(
      operations.run({}, async () => {}),
      { code: "ERR_FERRY_FTP_CONNECTION" },
    );
  });

  test("end when the call is aborted", async () => {
    const server = await ScriptedServer.start();
    const { host, port } = server;
    const operations = new Operations(settingsOf({ host, port, reconnect: { delay: 2 ** 31 - 1 } }));
    await operations.run({}, async () => {});
    await server[Symbol.asyncDispose]();
    await operations.session?.pi.closed;
    const abort = new AbortController();
    const call = operations.run({ signal: abort.signal }, async () => {});
    // By then the first try has failed, or is about to: either way nobody waits for the pause.
    setImmediate(() => abort.abort());
    await assert.rejects(call, FtpAbortError);
    await operations.destroy();
  });
});
