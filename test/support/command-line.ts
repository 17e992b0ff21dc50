/** What tests of the command line ask for again and again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { Ferry } from "./ferry.js";
import type { LocalFolder } from "./files.js";

/** What has to go well, and says nothing where nobody looks. */
export async function silently(ferry: Ferry, ...argv: string[]): Promise<void> {
  const { code, stdout, stderr, report } = await ferry.run(argv);
  assert.equal(code, 0, report);
  assert.equal(stdout + stderr, "", report);
}

export async function objects(ferry: Ferry, ...argv: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await ferry.run([...argv, "--json"]);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Paths of all that is below, folders with "/". */
export function below(folder: LocalFolder, path = "."): string[] {
  return readdirSync(folder.at(path), { withFileTypes: true, recursive: true })
    .map(
      (entry) =>
        `${join(entry.parentPath, entry.name).slice(folder.at(path).length + 1)}${entry.isDirectory() ? "/" : ""}`,
    )
    .sort();
}

/** Resolves when the file has so many bytes. */
export async function grown(folder: LocalFolder, name: string, bytes: number): Promise<void> {
  const has = (): boolean => existsSync(folder.at(name)) && statSync(folder.at(name)).size >= bytes;
  const changes = watch(folder.path);
  try {
    while (!has()) await once(changes, "change");
  } finally {
    changes.close();
  }
}
