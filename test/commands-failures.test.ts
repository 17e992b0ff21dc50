/** Whatever a storage throws, and wherever: one reply that the command declares, and the session goes on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { forward, STORAGE_REASONS, type Storage, StorageError } from "ferry/storage";
import { leakCheck, type RawClient } from "ferry/testing";
import { declaredCodes } from "./support/reply-codes/declared.js";
import { Serving } from "./support/session.js";

interface Attempt {
  readonly verb: string;
  readonly line: string;
  /** Must succeed before the storage fails. */
  readonly before?: string;
  readonly moves?: "up" | "down";
  /** Of the storage, each of which fails in turn. */
  readonly methods: readonly (keyof Storage)[];
}

const TIME = "20240229123456";

const ATTEMPTS: readonly Attempt[] = [
  { verb: "CWD", line: "CWD folder", methods: ["stat"] },
  { verb: "CDUP", line: "CDUP", methods: ["stat"] },
  { verb: "MKD", line: "MKD new", methods: ["makeDirectory"] },
  { verb: "RMD", line: "RMD folder", methods: ["removeDirectory"] },
  { verb: "DELE", line: "DELE file", methods: ["remove"] },
  { verb: "RNFR", line: "RNFR file", methods: ["statLink"] },
  { verb: "RNTO", line: "RNTO other", before: "RNFR file", methods: ["rename"] },
  { verb: "SIZE", line: "SIZE file", methods: ["partial", "stat"] },
  { verb: "SIZE", line: "SIZE file", before: "TYPE A", methods: ["openRead"] },
  { verb: "MDTM", line: "MDTM file", methods: ["stat"] },
  { verb: "MLST", line: "MLST file", methods: ["stat"] },
  { verb: "AVBL", line: "AVBL", methods: ["availableSpace"] },
  { verb: "MFMT", line: `MFMT ${TIME} file`, methods: ["setTimes"] },
  { verb: "MFCT", line: `MFCT ${TIME} file`, methods: ["setTimes"] },
  { verb: "MFF", line: `MFF modify=${TIME};UNIX.mode=0600; file`, methods: ["setTimes", "setMode"] },
  { verb: "STAT", line: "STAT folder", methods: ["stat", "list"] },
  { verb: "SITE CHMOD", line: "SITE CHMOD 600 file", methods: ["setMode"] },
  { verb: "SITE UTIME", line: `SITE UTIME ${TIME} file`, methods: ["setTimes"] },
  { verb: "SITE SYMLINK", line: "SITE SYMLINK file link", methods: ["makeLink"] },
  { verb: "LIST", line: "LIST -a", moves: "down", methods: ["stat", "list"] },
  { verb: "NLST", line: "NLST", moves: "down", methods: ["list"] },
  { verb: "MLSD", line: "MLSD", moves: "down", methods: ["list"] },
  { verb: "RETR", line: "RETR file", moves: "down", methods: ["openRead"] },
  { verb: "STOR", line: "STOR new", moves: "up", methods: ["openWrite"] },
  { verb: "STOR", line: "STOR file", before: "REST 2", moves: "up", methods: ["openWrite"] },
  { verb: "APPE", line: "APPE file", moves: "up", methods: ["openWrite"] },
  { verb: "STOU", line: "STOU", moves: "up", methods: ["openUnique"] },
];

/** Only the end of a session makes a storage say "aborted". */
const REASONS = STORAGE_REASONS.filter((reason) => reason !== "aborted");
const SECRET = "/srv/secret/path";
const ERRORS = [
  ...REASONS.map((reason) => ({ name: reason, error: new StorageError(reason, SECRET) })),
  { name: "an error of its own", error: new TypeError(SECRET) },
];

const DECLARED = declaredCodes();

describe("a storage that fails", () => {
  leakCheck();
  for (const { verb, line, before, moves, methods } of ATTEMPTS) {
    for (const method of methods) {
      const name = `${line}${before === undefined ? "" : ` after ${before}`} when ${method} fails`;
      test(`${name} is answered as ${verb} declares`, async () => {
        let failure: Error | undefined;
        const decorate = (storage: Storage) =>
          forward(storage, { [method]: failingWhen(storage, method, () => failure) });
        await using served = await Serving.start({ decorate });
        await served.files.put("/file", "first line\nlast line\n");
        await served.files.makeDirectory("/folder");
        const client = await served.login();
        const undeclared: string[] = [];
        for (const { name, error } of ERRORS) {
          failure = undefined;
          if (before !== undefined) await client.expect(before, 200, 350);
          failure = error;
          const replies = await exchange(client, line, moves);
          const { code = 0, lines = [] } = replies.at(-1) ?? {};
          if (!isDeclared(verb, code)) undeclared.push(`${name}: ${code}`);
          assert.ok(code >= 400, `${name} was no failure: ${code}`);
          assert.ok(!lines.join().includes(SECRET), "what the error says is for the log alone");
          await client.expect("NOOP", 200);
        }
        assert.deepEqual(undeclared, []);
      });
    }
  }
});

async function exchange(client: RawClient, line: string, moves: "up" | "down" | undefined) {
  if (moves === undefined) return [await client.command(line)];
  return moves === "up" ? await client.upload(line, "text") : (await client.download(line)).replies;
}

function isDeclared(verb: string, code: number): boolean {
  return DECLARED.includes(`${verb} ${code}`) || [421, 500, 501, 530].includes(code);
}

function failingWhen(storage: Storage, method: keyof Storage, failure: () => Error | undefined): unknown {
  const usual = storage[method] as (...parameters: unknown[]) => unknown;
  return (...parameters: unknown[]) => {
    const error = failure();
    if (error === undefined) return usual.apply(storage, parameters);
    if (method === "list") return failingList(error);
    return Promise.reject(error);
  };
}

function failingList(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}
