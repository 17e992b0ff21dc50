/** Storages of an application that throw, answer nonsense, hang, or answer when nobody is there any more. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type MemoryAccount, MemoryAccounts } from "ferry/accounts";
import type { Reply } from "ferry/protocol";
import { FtpServer } from "ferry/server";
import { type Storage, StorageError } from "ferry/storage";
import { MemoryTree } from "ferry/storage/memory";
import { leakCheck, RawClient } from "ferry/testing";
import { PASSWORD, USER } from "./support/server.js";
import { Serving, textOf } from "./support/session.js";
import { endless, file, Gate, Handles, withMethods } from "./support/sources.js";
import { failOnProcessTrouble, remainingCodes, seenBy, Watch } from "./support/watch.js";

leakCheck();
failOnProcessTrouble();

const SECRET = "/etc/secret of the host";

/** Methods of a storage, each with a conversation that calls it; `file` is a file, `d` a directory. */
const CALLS: readonly {
  readonly method: keyof Storage;
  readonly lines: readonly string[];
  readonly data?: "get" | "put";
}[] = [
  { method: "stat", lines: ["SIZE file"] },
  { method: "stat", lines: ["MDTM file"] },
  { method: "stat", lines: ["CWD d"] },
  { method: "stat", lines: ["MLST file"] },
  { method: "stat", lines: ["STAT d"] },
  { method: "stat", lines: ["LIST d"], data: "get" },
  { method: "statLink", lines: ["RNFR file"] },
  { method: "list", lines: ["STAT d"] },
  { method: "list", lines: ["LIST d"], data: "get" },
  { method: "list", lines: ["NLST d"], data: "get" },
  { method: "list", lines: ["MLSD d"], data: "get" },
  { method: "openRead", lines: ["RETR file"], data: "get" },
  { method: "openWrite", lines: ["STOR new"], data: "put" },
  { method: "openWrite", lines: ["APPE new"], data: "put" },
  { method: "openUnique", lines: ["STOU"], data: "put" },
  { method: "partial", lines: ["SIZE file"] },
  { method: "remove", lines: ["DELE file"] },
  { method: "makeDirectory", lines: ["MKD e"] },
  { method: "removeDirectory", lines: ["RMD d"] },
  { method: "rename", lines: ["RNFR file", "RNTO other"] },
  { method: "resolve", lines: ["MLST d"] },
  { method: "setTimes", lines: ["MFMT 20200101000000 file"] },
  { method: "setMode", lines: ["SITE CHMOD 644 file"] },
  { method: "makeLink", lines: ["SITE SYMLINK file link"] },
  { method: "availableSpace", lines: ["AVBL"] },
];

const inWords = ({ method, lines }: (typeof CALLS)[number]) => `${method} for ${lines.at(-1)}`;

/** Not uniform, so that `resolve` is asked. */
const permissions = { "/": "all", "/elsewhere": "read-only" } as const;

/** Says the lines; the last reply. */
async function converse(
  client: RawClient,
  call: (typeof CALLS)[number],
): Promise<{ code: number; text: string }> {
  for (const line of call.lines.slice(0, -1)) await client.command(line);
  const line = call.lines.at(-1) ?? "";
  const replies =
    call.data === undefined
      ? [await client.command(line)]
      : call.data === "get"
        ? (await client.download(line)).replies
        : await client.upload(line, "some bytes");
  const last = replies.at(-1);
  return { code: last?.code ?? 0, text: replies.map(textOf).join("\n") };
}

/** The usual time to let go, instead of a short one. */
const UNHURRIED = 10_000;

async function prepared(decorate: (storage: Storage) => Storage, release = 50): Promise<Serving> {
  const served = await Serving.start({
    decorate,
    account: { permissions },
    server: { timeouts: { release } },
  });
  await served.files.put("/file", "content");
  await served.files.makeDirectory("/d");
  await served.files.put("/d/inner", "content");
  return served;
}

describe("a storage that throws what is no StorageError", () => {
  for (const thrown of [new Error(SECRET), SECRET, undefined, null]) {
    for (const call of CALLS) {
      test(`is a local error to the client, who learns nothing of it: ${inWords(call)}, ${thrown}`, async () => {
        await using served = await prepared((storage) =>
          withMethods(storage, {
            [call.method]: () => {
              throw thrown;
            },
          }),
        );
        const client = await served.login();
        const { code, text } = await converse(client, call);
        assert.ok(code >= 400 && code < 600, `${code} ${text}`);
        assert.ok(!text.includes("secret"), text);
        await client.expect("NOOP", 200);
        assert.equal(client.unread, 0);
      });
    }
  }
});

describe("a storage that answers with what is no answer", () => {
  for (const answer of [undefined, null, 7, "text", {}]) {
    for (const call of CALLS) {
      test(`does not harm the session: ${inWords(call)} gives ${JSON.stringify(answer)}`, async () => {
        await using served = await prepared((storage) =>
          withMethods(storage, { [call.method]: () => answer as never }),
        );
        const client = await served.login();
        const { code } = await converse(client, call);
        assert.ok(code >= 200 && code < 600);
        await client.expect("NOOP", 200);
        assert.equal(client.unread, 0);
      });
    }
  }
});

describe("handles that fail", () => {
  const boom = (): never => {
    throw new Error(SECRET);
  };
  async function isAnswered451(
    methods: Parameters<typeof withMethods>[1],
    transfer: (client: RawClient) => Promise<readonly Reply<number>[]>,
  ): Promise<void> {
    await using served = await prepared((storage) => withMethods(storage, methods));
    const client = await served.login();
    assert.equal((await transfer(client)).at(-1)?.code, 451);
    await client.expect("NOOP", 200);
  }
  const readings = {
    "read throws": { read: boom, close() {} },
    "read rejects": { read: async () => boom(), close() {} },
    "read answers more than there is room": { read: (into: Uint8Array) => into.length + 1, close() {} },
    "read answers less than nothing": { read: () => -1, close() {} },
    "read answers no number": { read: () => "1" as never, close() {} },
    "close throws": { read: () => 0, close: boom },
    "close rejects": { read: () => 0, close: async () => boom() },
  } as const;
  for (const [what, handle] of Object.entries(readings)) {
    test(`a download is answered 451: ${what}`, async () => {
      await isAnswered451({ openRead: async () => handle }, async (client) => {
        return (await client.download("RETR file")).replies;
      });
    });
  }

  const usual = { start: 0, write() {}, commit: async () => boom(), abandon: async () => ({ kept: 0 }) };
  const writings = {
    "write throws": { ...usual, write: boom },
    "write rejects": { ...usual, write: async () => boom() },
    "commit throws": { ...usual, commit: boom },
    "commit rejects": usual,
    "write and abandon throw": { ...usual, write: boom, abandon: boom },
    "write and abandon reject": { ...usual, write: async () => boom(), abandon: async () => boom() },
  } as const;
  for (const [what, handle] of Object.entries(writings)) {
    test(`an upload is answered 451: ${what}`, async () => {
      await isAnswered451({ openWrite: async () => handle }, (client) =>
        client.upload("STOR new", "some bytes"),
      );
    });
  }
});

describe("a storage that hangs", () => {
  for (const call of CALLS) {
    test(`is told by its signal that the session has ended, and closed then: ${inWords(call)}`, async () => {
      const reached = new Gate();
      const handles = new Handles();
      await using served = await prepared((storage) =>
        handles.count(
          withMethods(storage, {
            [call.method]: (...given: readonly unknown[]) => {
              const { signal } = given.at(-1) as { signal: AbortSignal };
              if (call.method === "list") return untilAborted(signal, reached);
              return rejectedOnAbort(signal, reached);
            },
          }),
        ),
      );
      const watch = new Watch(served.server);
      const client = await served.login();
      const conversation = converse(client, call).catch(() => {});
      await reached.reached;
      await client.reset();
      await conversation;
      await watch.first("disconnect");
      assert.deepEqual(watch.of("warning"), []);
      assert.deepEqual([handles.open, handles.storages, handles.closedTooEarly], [0, 0, 0]);
    });
  }

  for (const call of CALLS) {
    test(`and does not heed its signal is not waited for for ever: ${inWords(call)}`, async () => {
      const reached = new Gate();
      await using served = await prepared((storage) =>
        withMethods(storage, {
          [call.method]: () => {
            void reached.pass();
            return call.method === "list" ? hangingList() : new Promise(() => {});
          },
        }),
      );
      const watch = new Watch(served.server);
      const client = await served.login();
      const conversation = converse(client, call).catch(() => {});
      await reached.reached;
      await served.server.destroy();
      await conversation;
      assert.match(watch.of("warning")[0]?.message ?? "", /has not let go/);
    });
  }

  for (const method of ["commit", "abandon", "write", "read", "closeReading", "close"] as const) {
    test(`in ${method} is not waited for for ever`, async () => {
      await using served = await prepared((storage) => hanging(storage, method));
      const client = await served.login();
      if (method === "close") await client.expect("NOOP", 200);
      else if (method === "read" || method === "closeReading") {
        await client.extendedPassive();
        await client.expect("RETR file", 125, 150);
      } else {
        const data = await client.extendedPassive();
        await client.expect("STOR new", 125, 150);
        await data.send("some bytes");
        if (method === "commit") await data.end();
      }
      await seenBy(await served.connect());
      await served.server.destroy();
      assert.equal(served.server.sessions, 0);
    });
  }

  test("while it reads does not keep ABOR waiting for ever", async () => {
    await using served = await prepared((storage) => hanging(storage, "read"));
    const client = await served.login();
    await client.extendedPassive();
    await client.expect("RETR file", 125, 150);
    await client.send("ABOR");
    assert.equal((await client.reply()).code, 426);
    assert.equal((await client.reply()).code, 226);
    await client.expect("NOOP", 200);
  });
});

describe("a client that leaves while the storage opens its file", () => {
  const openings = [
    ["RETR file", "openRead"],
    ["STOR new", "openWrite"],
    ["APPE file", "openWrite"],
    ["STOU", "openUnique"],
  ] as const;
  for (const [line, method] of openings) {
    for (const how of ["reset", "end", "account gone"] as const) {
      test(`${line}: what is opened then is closed again, and before the storage (${how})`, async () => {
        const gate = new Gate();
        const handles = new Handles();
        await using served = await prepared(
          (storage) =>
            handles.count(
              withMethods(storage, {
                [method]: async (...given: never[]) => {
                  const handle = await (storage[method] as (...given: never[]) => Promise<unknown>)(...given);
                  await gate.pass();
                  return handle;
                },
              }),
            ),
          UNHURRIED,
        );
        const watch = new Watch(served.server);
        const other = await served.connect();
        const client = await served.login();
        await client.extendedPassive();
        await client.send(line);
        await gate.reached;
        if (how === "reset") await client.reset();
        else if (how === "end") client.end();
        else await served.accounts.replace([]);
        await seenBy(other);
        await seenBy(other);
        gate.open();
        if (how === "end") await client.closed;
        await watch.first("disconnect");
        assert.deepEqual([handles.open, handles.storages, handles.closedTooEarly], [0, 0, 0]);
        assert.deepEqual(watch.of("warning"), []);
        assert.equal((await served.files.get("/file")).toString(), "content");
      });
    }

    test(`${line}: what is opened long after the session was given up is closed again`, async () => {
      const gate = new Gate();
      const handles = new Handles();
      await using served = await prepared((storage) =>
        handles.count(
          withMethods(storage, {
            [method]: async (...given: never[]) => {
              const handle = await (storage[method] as (...given: never[]) => Promise<unknown>)(...given);
              await gate.pass();
              return handle;
            },
          }),
        ),
      );
      const watch = new Watch(served.server);
      const other = await served.connect();
      const client = await served.login();
      await client.extendedPassive();
      await client.send(line);
      await gate.reached;
      await client.reset();
      await watch.first("disconnect");
      gate.open();
      await seenBy(other);
      assert.deepEqual([handles.opened, handles.open], [1, 0]);
    });
  }

  test("a passive port that is opened for it is closed again", async () => {
    const gate = new Gate();
    await using served = await Serving.start({
      server: {
        timeouts: { release: 50 },
        passive: {
          address: async () => {
            await gate.pass();
            return "127.0.0.1";
          },
        },
      },
    });
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.send("PASV");
    await gate.reached;
    await client.reset();
    await watch.first("disconnect");
    const listeners = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === "TCPServerWrap").length;
    assert.equal(listeners(), 1);
    gate.open();
    const other = await served.connect();
    for (let round = 0; round < 20; round++) {
      await seenBy(other);
      assert.equal(listeners(), 1);
    }
  });
});

describe("a storage", () => {
  async function sessions(account: MemoryAccount, closes: () => number): Promise<readonly number[]> {
    await using ftp = new FtpServer({ accounts: new MemoryAccounts([account]) });
    const [where] = await ftp.listen({ port: 0 });
    const watch = new Watch(ftp);
    const seen: number[] = [];
    for (let round = 1; round <= 2; round++) {
      await using client = await RawClient.connect({ host: "127.0.0.1", port: where?.port ?? 0 });
      await client.login(account.name, "secret");
      await client.upload("STOR up", "bytes");
      await client.expect("REIN", 220);
      seen.push(closes());
      await client.login(account.name, "secret");
      assert.equal((await client.download("RETR up")).bytes.toString(), "bytes");
      await client.expect("QUIT", 221);
      await watch.disconnects(round);
      seen.push(closes());
    }
    return seen;
  }

  test("given as one object for all logins is the application's to close, not a session's", async () => {
    let closed = 0;
    const storage = withMethods(new MemoryTree().storageFor("anna"), {
      close: () => {
        closed += 1;
      },
    });
    const seen = await sessions({ name: "anna", password: "secret", storage }, () => closed);
    assert.deepEqual(seen, [0, 0, 0, 0]);
  });

  test("opened for each login is closed once at the end of each, REIN too", async () => {
    let closed = 0;
    const tree = new MemoryTree();
    const storage = () =>
      withMethods(tree.storageFor("anna"), {
        close: () => {
          closed += 1;
        },
      });
    const seen = await sessions({ name: "anna", password: "secret", storage }, () => closed);
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  test("that fails to close is told of, and the session ends all the same", async () => {
    await using served = await prepared((storage) =>
      withMethods(storage, {
        close: () => {
          throw new Error(SECRET);
        },
      }),
    );
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.expect("REIN", 220);
    await client.login(USER, PASSWORD);
    await client.expect("QUIT", 221);
    await watch.first("disconnect");
    assert.equal(watch.of("warning").length, 2);
  });

  test("is told at once when its session has had its last reply, even if the client stays connected", async () => {
    const reached = new Gate();
    let told: AbortSignal | undefined;
    await using served = await prepared((storage) =>
      withMethods(storage, {
        stat: (_path, { signal }) => {
          told = signal;
          return rejectedOnAbort(signal, reached);
        },
      }),
    );
    const client = await served.login();
    await client.send("SIZE file");
    await reached.reached;
    assert.equal(told?.aborted, false);
    served.accounts.replace([]);
    assert.equal(told?.aborted, true);
    assert.deepEqual(await remainingCodes(client), [421]);
  });

  test("whose listing nobody fetches is told to stop listing", async () => {
    let listing = 0;
    await using served = await Serving.start({
      server: { timeouts: { dataConnect: 50 } },
      decorate: (storage) =>
        withMethods(storage, {
          async *list() {
            listing += 1;
            try {
              for (;;) yield [file("one")];
            } finally {
              listing -= 1;
            }
          },
        }),
    });
    const client = await served.login();
    for (const line of ["LIST", "NLST", "MLSD", "LIST -R"]) {
      await client.expect("EPSV", 229);
      await client.expect(line, 150);
      assert.equal((await client.reply()).code, 425);
      assert.equal(listing, 0, line);
    }
  });

  test("that stops when its signal aborts gives 426 when a transfer meets the end of the session", async () => {
    await using served = await prepared(endless);
    const watch = new Watch(served.server);
    const client = await served.login();
    await client.extendedPassive();
    await client.expect("RETR endless.bin", 125, 150);
    await client.reset();
    assert.equal((await watch.first("transfer")).code, 426);
  });
});

function rejectedOnAbort(signal: AbortSignal, reached: Gate): Promise<never> {
  void reached.pass();
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new StorageError("aborted")), { once: true });
  });
}

async function* untilAborted(signal: AbortSignal, reached: Gate): AsyncGenerator<never> {
  yield await rejectedOnAbort(signal, reached);
}

async function* hangingList(): AsyncGenerator<never> {
  yield await new Promise<never>(() => {});
}

type Hanging = "commit" | "abandon" | "write" | "read" | "closeReading" | "close";

/** Never settles, in one method. */
function hanging(storage: Storage, method: Hanging): Storage {
  const never = () => new Promise<never>(() => {});
  return withMethods(storage, {
    async openRead(path, o) {
      const handle = await storage.openRead(path, o);
      return {
        read: method === "read" ? never : (into) => handle.read(into),
        close: method === "closeReading" ? never : () => handle.close(),
      };
    },
    async openWrite(path, o) {
      const handle = await storage.openWrite(path, o);
      return {
        start: handle.start,
        write: method === "write" ? never : (chunk) => handle.write(chunk),
        commit: method === "commit" ? never : (how) => handle.commit(how),
        abandon: method === "abandon" ? never : (cause) => handle.abandon(cause),
      };
    },
    ...(method === "close" ? { close: never } : {}),
  });
}
