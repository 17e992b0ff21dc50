/** A peer that breaks off, at every point of a whole conversation, in every way: nothing of it may stay. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { leakCheck, RawClient, type RawData } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { Serving } from "./support/session.js";
import { Handles } from "./support/sources.js";
import { failOnProcessTrouble, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

type Mode = "EPSV" | "PORT";

/** One client's conversation, as far as it has come. */
class Talk {
  readonly served: Serving;
  readonly mode: Mode;
  client: RawClient | undefined;
  data: RawData | undefined;

  constructor(served: Serving, mode: Mode) {
    this.served = served;
    this.mode = mode;
  }

  get control(): RawClient {
    if (this.client === undefined) throw new Error("not connected yet");
    return this.client;
  }

  get dataConnection(): RawData {
    if (this.data === undefined) throw new Error("no data connection yet");
    return this.data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.data?.[Symbol.asyncDispose]();
    await this.client?.[Symbol.asyncDispose]();
  }
}

type Step = readonly [what: string, run: (talk: Talk) => Promise<unknown>];

const says = (line: string): Step => [`sends ${line}`, ({ control }) => control.send(line)];
const hears = (...codes: number[]): Step => [
  `reads ${codes.join(" or ")}`,
  async ({ control }) => {
    const { code } = await control.reply();
    assert.ok(codes.includes(code), `${code}, not ${codes}`);
  },
];

const CONNECTS: Step = [
  "connects",
  async (talk) => {
    talk.client = await RawClient.connect({ host: talk.served.host, port: talk.served.port });
  },
];

const ASKS: Step = [
  "asks for a data connection",
  async (talk) => {
    await talk.data?.[Symbol.asyncDispose]();
    talk.data = await talk.control.data(talk.mode);
    if (talk.mode === "EPSV") await talk.data.socket();
  },
];

const TAKES_SOME: Step = [
  "takes some data",
  async ({ dataConnection }) => {
    const socket = await dataConnection.socket();
    if (socket.read() === null) await once(socket, "readable");
  },
];
const TAKES_ALL: Step = ["takes all data", ({ dataConnection }) => dataConnection.receiveAll()];
const GIVES_SOME: Step = [
  "sends some data",
  ({ dataConnection }) => dataConnection.send(Buffer.alloc(100_000)),
];
const ENDS_DATA: Step = ["ends the data", ({ dataConnection }) => dataConnection.end()];

const CONVERSATION: readonly Step[] = [
  CONNECTS,
  hears(220),
  says(`USER ${USER}`),
  hears(331),
  says(`PASS ${PASSWORD}`),
  hears(230),
  says("FEAT"),
  hears(211),
  ASKS,
  says("LIST"),
  hears(125, 150),
  TAKES_ALL,
  hears(226),
  says("EPSV"),
  hears(229),
  ASKS,
  says("RETR large.bin"),
  hears(125, 150),
  TAKES_SOME,
  says("STAT"),
  hears(211),
  TAKES_ALL,
  hears(226),
  ASKS,
  says("STOR up.bin"),
  hears(125, 150),
  GIVES_SOME,
  GIVES_SOME,
  says("NOOP"),
  hears(200),
  ENDS_DATA,
  hears(226),
  ASKS,
  says("REST 1000"),
  hears(350),
  says("APPE up.bin"),
  hears(501),
  ASKS,
  says("APPE up.bin"),
  hears(125, 150),
  GIVES_SOME,
  ENDS_DATA,
  hears(226),
  ASKS,
  says("RETR large.bin"),
  hears(125, 150),
  TAKES_SOME,
  says("ABOR"),
  hears(426),
  hears(226),
  says("RNFR up.bin"),
  hears(350),
  says("STAT /"),
  hears(212),
  says("REIN"),
  hears(220),
  says("QUIT"),
  hears(221),
];

/** If there is one that is open. */
async function resetData(data: RawData | undefined): Promise<void> {
  const socket = await data?.socket({ timeout: 20 }).catch(() => undefined);
  if (socket === undefined || socket.destroyed) return;
  const closed = once(socket, "close");
  // One that is shutting down cannot be reset.
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
  await closed;
}

/** How it breaks off. All that is left is closed behind it. */
const BREAKS: Readonly<Record<string, (talk: Talk) => Promise<unknown>>> = {
  "the control connection is reset": ({ client }) => client?.reset() ?? Promise.resolve(),
  "the control connection ends": async ({ client }) => client?.end(),
  "the data connection is reset": ({ data }) => resetData(data),
  "both are reset, the data first": async ({ client, data }) => {
    await resetData(data);
    await client?.reset();
  },
  "both are reset, the control first": async ({ client, data }) => {
    await client?.reset();
    await resetData(data);
  },
  "the data connection ends, the control connection is reset": async ({ client, data }) => {
    await data?.end({ timeout: 20 }).catch(() => {});
    await client?.reset();
  },
};

/** Node's own view: the server's listener and nothing else. */
async function nothingButListening(before: readonly string[]): Promise<void> {
  for (let turn = 0; turn < 5000 && lastingKinds().length > before.length; turn++) await nextTurn();
  assert.deepEqual(lastingKinds(), before);
}

/** Without what goes by itself: a file that was being closed when the test began is no baseline. */
function lastingKinds(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => kind !== "Immediate" && kind !== "CloseReq")
    .sort();
}

for (const mode of ["EPSV", "PORT"] as const) {
  describe(`with data connections by ${mode}`, () => {
    for (const [how, breakOff] of Object.entries(BREAKS)) {
      test(`${how}, after every step of a conversation`, async () => {
        const handles = new Handles();
        await using served = await Serving.start({ decorate: (storage) => handles.count(storage) });
        await served.files.put("/large.bin", Buffer.alloc(8_000_000));
        const watch = new Watch(served.server);
        const before = lastingKinds();
        let sessions = 0;
        for (let steps = 1; steps <= CONVERSATION.length; steps++) {
          {
            await using talk = new Talk(served, mode);
            for (const [what, run] of CONVERSATION.slice(0, steps)) {
              await run(talk).catch((error: unknown) => {
                throw new Error(`the client that ${what}`, { cause: error });
              });
            }
            await breakOff(talk);
          }
          sessions += 1;
          await watch.disconnects(sessions);
          const [last] = CONVERSATION[steps - 1] ?? [];
          assert.equal(served.server.sessions, 0, last);
          assert.deepEqual([handles.open, handles.storages, handles.closedTooEarly], [0, 0, 0], last);
        }
        assert.ok(handles.opened > 0);
        assert.equal(watch.of("connect").length, sessions);
        assert.equal(watch.of("disconnect").length, sessions);
        assert.deepEqual(watch.of("warning"), []);
        await nothingButListening(before);
        const last = await served.login();
        assert.equal((await last.download("RETR large.bin")).bytes.length, 8_000_000);
      });
    }
  });
}

test("connections that are reset as soon as they are made do not disturb the server", async () => {
  await using served = await Serving.start();
  const watch = new Watch(served.server);
  for (let n = 0; n < 200; n++) {
    const socket = connect({ host: served.host, port: served.port });
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.resetAndDestroy();
  }
  await (await served.login()).expect("NOOP", 200);
  // Of the others some were gone before the server came to look.
  const gone = watch.of("connect").length - 1;
  if (gone > 0) await watch.disconnects(gone);
  assert.equal(served.server.sessions, 1);
});

test("a login whose peer is gone before the answer leaves nothing", async () => {
  const handles = new Handles();
  await using served = await Serving.start({ decorate: (storage) => handles.count(storage) });
  const watch = new Watch(served.server);
  for (let n = 1; n <= 50; n++) {
    await using client = await served.connect();
    await client.send(`USER ${USER}\r\nPASS ${PASSWORD}\r\nEPSV\r\nSTOR up.bin`);
    await client.reset();
    await watch.disconnects(n);
  }
  assert.deepEqual([handles.open, handles.storages, handles.closedTooEarly], [0, 0, 0]);
  assert.equal(served.server.sessions, 0);
});
