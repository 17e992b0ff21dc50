/** What tests of the command line ask for again and again. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { Ferry } from "./ferry.js";
import type { LocalFolder } from "./files.js";

/** Names that mean something to URLs, shells, patterns or FTP itself. */
export const ODD_NAMES: readonly string[] = [
  "a b",
  "#1",
  "what?",
  "100%",
  "%41",
  "-rf",
  "Übung 漢字 🚢",
  "a;type=x",
  "[1]*",
  "\\back",
  "'\"$HOME",
];

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

export type Refusal = readonly [code: number, message: RegExp, ...argv: string[]];

/** Runs a command in every wrong way: each is told in words, with its exit code, and without a stack. */
export async function refusals(ferry: Ferry, command: string, wrong: readonly Refusal[]): Promise<void> {
  const check = async ([code, message, ...argv]: Refusal): Promise<void> => {
    const ended = await ferry.run([command, ...argv]);
    assert.equal(ended.code, code, ended.report);
    assert.match(ended.stderr, message);
    assert.equal(ended.stdout, "", ended.report);
    assert.doesNotMatch(ended.stderr, /^ {4}at /m);
  };
  // A few at once: most of it is the start of a program.
  const left = wrong.values();
  const worker = async (): Promise<void> => {
    for (const each of left) await check(each);
  };
  await Promise.all([worker(), worker(), worker()]);
}
