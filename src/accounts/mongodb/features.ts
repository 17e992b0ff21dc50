/** What the server at hand can do; everything else is done without. */
import type { Db } from "mongodb";

export interface Features {
  /** For the log: "MongoDB 7.0.14, replica set". */
  readonly name: string;
  /** Worth trying; whether they work shows when one is opened. */
  readonly changeStreams: boolean;
  /**
   * Whether `update` looks and changes in one step. FerretDB 1 does not: of 50 `$inc` at once, 49 are lost. There
   * each change is made under a lock of our own.
   */
  readonly atomicUpdates: boolean;
}

export async function featuresOf(db: Db): Promise<Features> {
  const [hello, build] = await Promise.all([db.command({ hello: 1 }), db.command({ buildInfo: 1 })]);
  const ferret: unknown = build.ferretdbVersion;
  if (ferret !== undefined) {
    return { name: `FerretDB 1 (as MongoDB ${build.version})`, changeStreams: false, atomicUpdates: false };
  }
  const cluster =
    hello.msg === "isdbgrid" ? "sharded" : hello.setName === undefined ? "standalone" : "replica set";
  return {
    name: `MongoDB ${build.version}, ${cluster}`,
    changeStreams: cluster !== "standalone",
    atomicUpdates: true,
  };
}
