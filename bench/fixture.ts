/** The folder that all servers serve: one big file, many small ones, one long directory, one to upload into. */

import { randomBytes } from "node:crypto";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testCertificates } from "../test/support/certificates.js";

export const MiB = 1024 * 1024;
export const SMALL = 1024;

export interface Sizes {
  /** MiB of the big file. */
  readonly size: number;
  /** Small files that one round moves. */
  readonly files: number;
  /** Entries of the directory that is listed. */
  readonly entries: number;
  /** Idle sessions. */
  readonly sessions: number;
}

export interface Fixture {
  /** What is served. */
  readonly root: string;
  /** Beside it: settings. */
  readonly folder: string;
  /** PEM file with a key and its certificate, the same for all servers. */
  readonly certificate: string;
  /** The content of `sample.bin`, to check what arrives. */
  readonly sample: Buffer;
}

/** Goes away when the process ends. */
export async function makeFixture({ size, files, entries }: Sizes): Promise<Fixture> {
  const folder = mkdtempSync(join(placeFor(size), "ferry-bench-"));
  // Also when the benchmark fails: memory that nobody frees is worse than a file that nobody removes.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const root = join(folder, "root");
  for (const path of [root, join(root, "small"), join(root, "many"), join(root, "in")]) mkdirSync(path);
  // vsftpd's anonymous user is another one than ours.
  chmodSync(join(root, "in"), 0o777);
  writeBigFile(join(root, "big.bin"), size);
  const sample = randomBytes(3 * MiB + 1);
  writeFileSync(join(root, "sample.bin"), sample);
  for (let i = 0; i < files; i++)
    writeFileSync(join(root, "small", `${i}.bin`), sample.subarray(i, i + SMALL));
  for (let i = 0; i < entries; i++) closeSync(openSync(join(root, "many", `entry-number-${i}.txt`), "w"));
  const { server } = await testCertificates();
  const certificate = join(folder, "certificate.pem");
  writeFileSync(certificate, server.key + server.certificate, { mode: 0o600 });
  return { root, folder, certificate, sample };
}

/** Memory, so that no disk is measured, when it has room for the file, two uploads of it and all else. */
function placeFor(size: number): string {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    if (bavail * bsize > (3 * size + 512) * MiB) return "/dev/shm";
  } catch {
    // No such place here.
  }
  return tmpdir();
}

function writeBigFile(path: string, size: number): void {
  const file = openSync(path, "w");
  try {
    const content = randomBytes(MiB);
    for (let i = 0; i < size; i++) writeSync(file, content);
    ftruncateSync(file, size * MiB);
  } finally {
    closeSync(file);
  }
}
