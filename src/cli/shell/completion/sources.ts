/** Where candidates come from: paths of the server, paths of this machine, and lists of words. */
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { decodeText } from "../../../protocol/text.js";
import type { Candidate, CompletionRequest, NamedEntry, Source, WordList } from "./source.js";

/** Candidates that are looked at; of more nobody chooses by Tab. */
const MOST = 50_000;

export const nothing: Source = () => [];

export const remotePath: Source = (request) => remote(request, () => true);

export const remoteDirectory: Source = (request) => remote(request, ({ type }) => type !== "file");

export const localPath: Source = (request) => local(request, () => true);

export const localDirectory: Source = (request) => local(request, ({ type }) => type === "directory");

/** One of a list of words that the shell knows. */
export function wordFrom(list: WordList): Source {
  return async ({ world, typed }) => candidatesOf(await world.words(list), typed);
}

/** One of these words. */
export function oneOf(...words: readonly string[]): Source {
  return ({ typed }) => candidatesOf(words, typed);
}

/** What both give. */
export function either(...sources: readonly Source[]): Source {
  return async (request) => (await Promise.all(sources.map((source) => source(request)))).flat();
}

/** The value of the setting that the word before names. */
export const settingValue: Source = ({ world, typed, before }) =>
  candidatesOf(world.settingValues(before.at(-1) ?? ""), typed);

export function candidatesOf(words: readonly string[], typed: string): Candidate[] {
  return words
    .filter((word) => word.startsWith(typed))
    .map((word) => ({ text: word, label: word, more: false }));
}

async function remote(
  { world, typed, tilde, signal }: CompletionRequest,
  keep: (entry: NamedEntry) => boolean,
): Promise<Candidate[]> {
  const { directory, name } = splitPath(typed, tilde);
  const place = tilde ? world.remoteHome + directory.slice(1) : directory;
  const entries = await world.listRemote(place, signal);
  return candidates(entries.filter(keep), directory, name);
}

async function local(
  { world, typed, tilde }: CompletionRequest,
  keep: (entry: NamedEntry) => boolean,
): Promise<Candidate[]> {
  const { directory, name } = splitPath(typed, tilde);
  const place = tilde ? join(world.localHome, directory.slice(1)) : resolve(world.localDirectory, directory);
  const found = await readdir(place, { withFileTypes: true, encoding: "buffer" });
  const entries: NamedEntry[] = [];
  for (const entry of found) {
    const shown = decodeText(entry.name);
    if (!shown.startsWith(name)) continue;
    if (entries.length >= MOST) break;
    const type = entry.isSymbolicLink() ? await typeBehind(join(place, shown)) : undefined;
    entries.push({ name: shown, type: type ?? (entry.isDirectory() ? "directory" : "file") });
  }
  return candidates(entries.filter(keep), directory, name);
}

/** A link to a directory can be gone through. */
async function typeBehind(path: string): Promise<"directory" | "file"> {
  try {
    return (await stat(path)).isDirectory() ? "directory" : "file";
  } catch {
    return "file";
  }
}

/** `docs/re` → `docs/` and `re`. */
function splitPath(typed: string, tilde: boolean): { readonly directory: string; readonly name: string } {
  if (tilde && typed === "~") return { directory: "~/", name: "" };
  const slash = typed.lastIndexOf("/") + 1;
  return { directory: typed.slice(0, slash), name: typed.slice(slash) };
}

/** Names that begin with a dot are offered when a dot was typed, as shells do. */
function candidates(entries: readonly NamedEntry[], directory: string, name: string): Candidate[] {
  return entries
    .filter((entry) => entry.name.startsWith(name) && (name !== "" || !entry.name.startsWith(".")))
    .slice(0, MOST)
    .map(({ name: found, type }) => {
      const more = type === "directory";
      // A flag would be made of it.
      const prefix = directory === "" && found.startsWith("-") ? "./" : directory;
      return { text: prefix + found + (more ? "/" : ""), label: found + (more ? "/" : ""), more };
    });
}
