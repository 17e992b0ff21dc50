/** How the test of reply codes is told what provokes a code. */
import type { Reply } from "ferry/protocol";
import {
  type Entry,
  forward,
  forwardWrites,
  type Storage,
  StorageError,
  type StorageReason,
  type WriteHandle,
} from "ferry/storage";
import type { RawClient } from "ferry/testing";
import type { Serving, ServingOptions } from "../session.js";

export type Answer = Reply<number> | readonly Reply<number>[];

export interface Case {
  readonly o?: ServingOptions;
  /** The client is logged in, unless this is said. */
  readonly login?: false;
  /** The server ends the session with the reply. */
  readonly closes?: true;
  /**
   * All replies of the command. A preliminary code must be that of the first, any other one that of the last.
   */
  readonly provoke: (client: RawClient, served: Serving) => Promise<Answer>;
}

/** By command and code, and what else there is to say: "RETR 550", "RETR 426 when the client stands still". */
export type Cases = Readonly<Record<string, Case>>;

/** A command that needs no more than to be sent, after others that must succeed. */
export function sent(line: string, o: ServingOptions = {}, ...before: readonly string[]): Case {
  return {
    o,
    async provoke(client) {
      for (const first of before) await client.expect(first, 200, 250, 257, 331, 332, 350);
      return await client.command(line);
    },
  };
}

/** The same of a client that is not logged in. */
export function sentBeforeLogin(line: string, o: ServingOptions = {}, ...before: readonly string[]): Case {
  return { ...sent(line, o, ...before), login: false };
}

/** `codes` each with the verb before it. */
export function casesOf(verb: string, codes: Readonly<Record<number | string, Case>>): Cases {
  return Object.fromEntries(Object.entries(codes).map(([code, found]) => [`${verb} ${code}`, found]));
}

/** A storage one method of which does nothing but fail. */
export function failing(method: keyof Storage, reason: StorageReason): ServingOptions {
  return { decorate: (storage) => forward(storage, { [method]: failure(method, reason) }) };
}

/** A storage without a method that it need not have. */
export function lacking(method: keyof Storage): ServingOptions {
  return { decorate: (storage) => forward(storage, { [method]: undefined }) };
}

function failure(method: keyof Storage, reason: StorageReason): () => unknown {
  if (method === "list") return () => batches(reason);
  return async () => {
    throw new StorageError(reason);
  };
}

async function* batches(reason: StorageReason, ...first: readonly Entry[]): AsyncGenerator<Entry[]> {
  if (first.length > 0) yield [...first];
  throw new StorageError(reason);
}

/** Directories can be opened, and give one entry. */
export function failingListing(reason: StorageReason): ServingOptions {
  const entry: Entry = { name: "first", type: "file", size: 1, modified: 0 };
  return { decorate: (storage) => forward(storage, { list: () => batches(reason, entry) }) };
}

/** Files can be opened, and their first bytes read; then `fail` is asked for more. */
export function failingReads(fail: () => Promise<number>): ServingOptions {
  return {
    decorate: (storage) =>
      forward(storage, {
        async openRead(path, o) {
          const handle = await storage.openRead(path, o);
          let reads = 0;
          return {
            read(into) {
              reads += 1;
              return reads > 1 ? fail() : handle.read(into.subarray(0, 3));
            },
            close: () => handle.close(),
          };
        },
      }),
  };
}

/** Files can be opened for writing; `fail` is given the first bytes. */
export function failingWrites(fail: () => Promise<never>): ServingOptions {
  const broken = <Handle extends WriteHandle>(handle: Handle): Handle =>
    forwardWrites(handle, { write: fail });
  return {
    decorate: (storage) =>
      forward(storage, {
        openWrite: async (path, o) => broken(await storage.openWrite(path, o)),
        openUnique: async (path, o) => {
          if (storage.openUnique === undefined) throw new StorageError("unsupported");
          return broken(await storage.openUnique(path, o));
        },
      }),
  };
}
