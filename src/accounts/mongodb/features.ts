/** What the server at hand can do; everything else is done without. */
import type { Db } from "mongodb";
import { isUnsupported } from "./errors.js";

export interface Features {
  /** For the log: "MongoDB 7.0.14, replica set". */
  readonly name: string;
  /**
   * Whether `update` looks and changes in one step. FerretDB 1 does not: of 50 `$inc` at once, 49 are lost. There
   * each change is made under a lock of our own.
   */
  readonly atomicUpdates: boolean;
}

/** What a server says of itself. */
export interface Hello {
  /** Of a replica set. */
  readonly setName: string | undefined;
  readonly isSharded: boolean;
  readonly takesWrites: boolean;
  readonly localTime: Date | undefined;
}

/** By the command's older name where the newer one is not known: MongoDB before 4.4.2, and servers like it. */
export async function helloOf(db: Db): Promise<Hello> {
  const said = await db.command({ hello: 1 }).catch((error: unknown) => {
    if (isUnsupported(error)) return db.command({ isMaster: 1 });
    throw error;
  });
  return {
    setName: typeof said.setName === "string" ? said.setName : undefined,
    isSharded: said.msg === "isdbgrid",
    // A mongos takes writes, whatever becomes of them.
    takesWrites: said.isWritablePrimary === true || said.ismaster === true || said.msg === "isdbgrid",
    localTime: said.localTime instanceof Date ? said.localTime : undefined,
  };
}

export async function featuresOf(db: Db): Promise<Features> {
  const [hello, build] = await Promise.all([helloOf(db), db.command({ buildInfo: 1 })]);
  const ferret: unknown = build.ferretdbVersion;
  if (ferret !== undefined) return { name: `FerretDB 1 (as MongoDB ${build.version})`, atomicUpdates: false };
  const replicated = hello.setName === undefined ? "standalone" : "replica set";
  const cluster = hello.isSharded ? "sharded" : replicated;
  return { name: `MongoDB ${build.version}, ${cluster}`, atomicUpdates: true };
}
