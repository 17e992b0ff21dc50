/** What the clients are measured at: one big file and a folder of small ones, both ways, in clear and in TLS. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Contestant, Task, TaskKind } from "./client-contestants.js";
import { type Fixture, MiB, SMALL } from "./fixture.js";
import type { Reported } from "./report.js";
import type { Server } from "./servers.js";

export interface ClientRow extends Reported {
  readonly kind: TaskKind;
  readonly secure: boolean;
  /** In the row's unit times seconds. */
  readonly amount: number;
  readonly costScale: number;
  /** With nothing left of the one before. */
  task(server: Server, fixture: Fixture): Task;
  /** @throws when not all of it was moved; removes it */
  check(task: Task): void;
}

/** Sessions of a mirror: `-P 8`. */
const SESSIONS = 8;
const FOLDERS = 50;

export function clientRows({ size, files }: { readonly size: number; readonly files: number }): ClientRow[] {
  return [false, true].flatMap((secure) => [
    bigFile("get", secure, size),
    bigFile("put", secure, size),
    mirrored("mirror-down", secure, files),
    mirrored("mirror-up", secure, files),
  ]);
}

function bigFile(kind: "get" | "put", secure: boolean, size: number): ClientRow {
  return {
    kind,
    secure,
    name: secure ? `tls-${kind}` : kind,
    title: `${kind} ${size} MiB${secure ? ", TLS" : ""}`,
    unit: "MiB/s",
    better: "more",
    costUnit: "CPU s/GiB",
    amount: size,
    costScale: 1024 / size,
    task: (server, fixture) =>
      taskOf(kind, secure, server, kind === "get" ? downTo(fixture, "big.bin") : upFrom(fixture, "big.bin")),
    check: ({ copy }) => checkAndRemove(copy, statSync(copy).size === size * MiB),
  };
}

function mirrored(kind: "mirror-down" | "mirror-up", secure: boolean, files: number): ClientRow {
  return {
    kind,
    secure,
    name: secure ? `tls-${kind}` : kind,
    title: `${kind} ${files} files -P ${SESSIONS}${secure ? ", TLS" : ""}`,
    unit: "files/s",
    better: "more",
    costUnit: "CPU ms each",
    amount: files,
    costScale: 1000 / files,
    task: (server, fixture) =>
      taskOf(
        kind,
        secure,
        server,
        kind === "mirror-down" ? downTo(fixture, "tree") : upFrom(fixture, "tree"),
      ),
    check: ({ copy }) => checkAndRemove(copy, countFiles(copy) === files),
  };
}

type Sides = Pick<Task, "remote" | "local" | "copy">;

/** Downloads go beside the folder that is served, on the same file system. */
function downTo({ folder }: Fixture, name: string): Sides {
  const local = join(folder, `copy-${name}`);
  return { remote: name, local, copy: local };
}

function upFrom({ root }: Fixture, name: string): Sides {
  return { remote: `in/${name}`, local: join(root, name), copy: join(root, "in", name) };
}

function taskOf(kind: TaskKind, secure: boolean, { target }: Server, sides: Sides): Task {
  return { kind, secure, target, sessions: SESSIONS, ...sides };
}

function checkAndRemove(copy: string, whole: boolean): void {
  rmSync(copy, { recursive: true });
  if (!whole) throw new Error(`${copy} is not what was sent`);
}

function countFiles(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).size === SMALL,
  ).length;
}

/** `files` files of 1 KiB in folders below `tree`. */
export function prepareTree({ root, sample }: Fixture, files: number): void {
  for (let i = 0; i < files; i++) {
    const folder = join(root, "tree", `folder-${i % FOLDERS}`);
    if (i < FOLDERS) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${i}.bin`), sample.subarray(i, i + SMALL));
  }
  for (const folder of [root, join(root, "tree")]) chmodSync(folder, 0o755);
}

/** Both directions, byte for byte, before anything is measured. */
export async function checkContestant(
  contestant: Contestant,
  o: { readonly server: Server; readonly fixture: Fixture; readonly secure: readonly boolean[] },
): Promise<void> {
  const { server, fixture } = o;
  for (const secure of o.secure) {
    for (const kind of ["get", "put"] as const) {
      const sides = kind === "get" ? downTo(fixture, "sample.bin") : upFrom(fixture, "sample.bin");
      await contestant.run(taskOf(kind, secure, server, sides));
      const content = readFileSync(sides.copy);
      rmSync(sides.copy);
      if (!content.equals(fixture.sample))
        throw new Error(`${contestant.name} and ${server.name} garbled sample.bin (${kind})`);
    }
  }
}
