/** What provokes the codes of commands that move bytes, and of ABOR. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { parseExtendedPassiveReply, type Reply } from "ferry/protocol";
import { allowance, type Entry, forward, quota, StorageError } from "ferry/storage";
import { MemoryTree } from "ferry/storage/memory";
import { type RawClient, RawData } from "ferry/testing";
import { USER } from "../server.js";
import { established, type ServingOptions } from "../session.js";
import {
  type Answer,
  type Case,
  type Cases,
  casesOf,
  failing,
  failingListing,
  failingReads,
  failingWrites,
  sent,
} from "./case.js";

/** The command, with whatever it has to be given or to give. */
type Move = (client: RawClient, line: string) => Promise<Answer>;

const download: Move = async (client, line) => (await client.download(line)).replies;
const upload: Move = (client, line) => client.upload(line, "text");

function moved(move: Move, line: string, o: ServingOptions = {}, ...before: readonly string[]): Case {
  return {
    o,
    async provoke(client) {
      for (const first of before) await client.expect(first, 200, 350);
      return await move(client, line);
    },
  };
}

/** 125: the data connection is there when the command comes; 150: it is made after the reply. */
async function withConnection(client: RawClient, line: string, when: 125 | 150): Promise<Answer> {
  const passive = await client.expect("EPSV", 229);
  const port = parseExtendedPassiveReply(passive.lines.join(""));
  if (port === undefined) return passive;
  const connect = () => RawData.connect({ host: "127.0.0.1", port }, passive, {});
  let data = when === 125 ? connect() : undefined;
  if (data !== undefined) {
    await data.socket();
    await established(client);
  }
  const opened = await client.command(line);
  data ??= connect();
  await data.end();
  await data.receiveAll();
  const replies = [opened, await client.reply()];
  await data[Symbol.asyncDispose]();
  return replies;
}

/** The client breaks its data connection once it has moved something. */
async function broken(client: RawClient, line: string, direction: "up" | "down"): Promise<Answer> {
  const data = await client.extendedPassive();
  const replies: Reply<number>[] = [await client.command(line)];
  const socket = await data.socket();
  if (direction === "up") await data.send("te");
  else await new Promise<void>((resolve) => socket.once("readable", resolve));
  await data.reset();
  return [...replies, await client.reply()];
}

/** A data connection on which the client does nothing. */
async function still(client: RawClient, line: string): Promise<Answer> {
  const data = await client.extendedPassive();
  const opened = await client.command(line);
  await data.socket();
  return [opened, await client.reply()];
}

/** The line is answered twice, and the client does nothing else about its transfer. */
async function alone(client: RawClient, asked: string, line: string): Promise<Answer> {
  await client.expect(asked, 200, 229);
  return [await client.command(line), await client.reply()];
}

async function closedPort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}

/** The same codes for all that send and all that receive. */
function common(move: Move, line: string): Record<number | string, Case> {
  return {
    125: { provoke: (client) => withConnection(client, line, 125) },
    150: { provoke: (client) => withConnection(client, line, 150) },
    226: moved(move, line),
    425: sent(line),
    "425 when nobody connects": {
      o: { server: { timeouts: { dataConnect: 60 } } },
      provoke: (client) => alone(client, "EPSV", line),
    },
    "425 when nobody listens": {
      provoke: async (client) => alone(client, `EPRT |1|127.0.0.1|${await closedPort()}|`, line),
    },
  };
}

const SOON: ServingOptions = { server: { timeouts: { stall: 60 } } };

/** What a storage that is slower than the stall timeout waits for. */
async function slowly<T>(value: T): Promise<T> {
  await delay(250);
  return value;
}

async function fails(): Promise<never> {
  throw new StorageError("failed");
}

const ENTRY: Entry = { name: "a name that is not the shortest", type: "file", size: 1, modified: 0 };

/** A directory without end. */
const endless: ServingOptions = {
  decorate: (storage) =>
    forward(storage, {
      async *list() {
        for (;;) yield new Array<Entry>(256).fill(ENTRY);
      },
    }),
};

/** A file without end. */
const endlessFile: ServingOptions = {
  decorate: (storage) =>
    forward(storage, { openRead: async () => ({ read: (into) => into.length, close() {} }) }),
};

/** A directory whose second entry takes its time. */
const slowListing: ServingOptions = {
  decorate: (storage) =>
    forward(storage, {
      async *list() {
        yield [ENTRY];
        yield await slowly([ENTRY]);
      },
    }),
};

function uploadCases(verb: string, line: string, method: "openWrite" | "openUnique"): Cases {
  const full = () => new MemoryTree({ capacity: 3 }).storageFor(USER);
  return casesOf(verb, {
    ...common(upload, line),
    426: { provoke: (client) => broken(client, line, "up") },
    "426 when the client stands still": { o: SOON, provoke: (client) => still(client, line) },
    450: moved(upload, line, failing(method, "busy")),
    451: moved(upload, line, failingWrites(fails)),
    "451 when the storage stands still": moved(upload, line, {
      ...SOON,
      ...failingWrites(() => slowly(undefined).then(fails)),
    }),
    452: moved(upload, line, { decorate: full }),
    552: moved(upload, line, { decorate: (storage) => quota(storage, allowance({ bytes: 3 })) }),
    553: moved(upload, line, failing(method, "denied")),
  });
}

function listingCases(verb: string): Cases {
  return casesOf(verb, {
    ...common(download, verb),
    426: { o: endless, provoke: (client) => broken(client, verb, "down") },
    "426 when the client stands still": {
      o: { ...SOON, ...endless },
      provoke: (client) => still(client, verb),
    },
    450: moved(download, verb, failing("stat", "unavailable")),
    451: moved(download, verb, failingListing("failed")),
    "451 when the storage stands still": moved(download, verb, { ...SOON, ...slowListing }),
  });
}

async function aborted(client: RawClient): Promise<Answer> {
  const data = await client.extendedPassive();
  await client.expect("STOR new", 125, 150);
  await data.send("te");
  await client.expect("ABOR", 426);
  return await client.reply();
}

export const TRANSFER_CASES: Cases = {
  ...uploadCases("STOR", "STOR new", "openWrite"),
  ...uploadCases("APPE", "APPE new", "openWrite"),
  ...uploadCases("STOU", "STOU", "openUnique"),
  ...casesOf("STOR", {
    501: moved(upload, "STOR new", {}, "TYPE I", "REST 3", "TYPE A"),
    550: moved(upload, "STOR file", {}, "REST 4000"),
  }),
  ...casesOf("APPE", {
    501: moved(upload, "APPE file", {}, "REST 3"),
    550: moved(upload, "APPE file", failing("openWrite", "bad-offset")),
  }),
  ...casesOf("RETR", {
    ...common(download, "RETR file"),
    426: { o: endlessFile, provoke: (client) => broken(client, "RETR file", "down") },
    "426 when the client stands still": {
      o: { ...SOON, ...endlessFile },
      provoke: (client) => still(client, "RETR file"),
    },
    450: moved(download, "RETR file", failing("openRead", "busy")),
    451: moved(download, "RETR file", failingReads(fails)),
    "451 when the storage stands still": moved(download, "RETR file", {
      ...SOON,
      ...failingReads(() => slowly(0)),
    }),
    501: moved(download, "RETR file", {}, "TYPE I", "REST 3", "TYPE A"),
    550: moved(download, "RETR missing"),
  }),
  ...listingCases("LIST"),
  ...listingCases("NLST"),
  ...listingCases("MLSD"),
  ...casesOf("MLSD", {
    450: moved(download, "MLSD", failing("list", "unavailable")),
    501: moved(download, "MLSD file"),
    550: moved(download, "MLSD missing"),
  }),
  ...casesOf("ABOR", {
    225: {
      async provoke(client) {
        const data = await client.extendedPassive();
        await data.socket();
        await established(client);
        return await client.command("ABOR");
      },
    },
    226: { provoke: aborted },
  }),
};
