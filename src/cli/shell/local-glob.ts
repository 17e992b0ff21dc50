/** Patterns of names of this machine, as `client/remote-glob.ts` has them for the server; without `**`. */
import { readdir } from "node:fs/promises";
import { isAbsolute, join, parse } from "node:path";
import { globMatcher } from "../../protocol/glob.js";
import { alternativesOf, hasPattern, MOST_ALTERNATIVES, withoutEscapes } from "../client/patterns.js";
import { CliError, usageError } from "../errors.js";
import { escapeHostile } from "./line/escapes.js";
import type { Word } from "./line/tokens.js";
import type { LocalPlace } from "./local-place.js";

/**
 * What the words mean, seen from the shell's directory: itself where it is no pattern, else all that match, sorted.
 * @throws CliError when nothing matches
 */
export async function expandLocal(words: readonly Word[], place: LocalPlace): Promise<string[]> {
  const found: string[] = [];
  for (const word of words) {
    if (word.pattern === undefined) found.push(word.tilde ? place.resolve(word) : word.text);
    else found.push(...(await matchesOf(word.pattern, word.tilde, place)));
  }
  return found;
}

async function matchesOf(
  pattern: string,
  tilde: boolean,
  { directory, home }: LocalPlace,
): Promise<string[]> {
  const alternatives = alternativesOf(pattern);
  if (alternatives === undefined) throw usageError(`a pattern may mean ${MOST_ALTERNATIVES} names at most`);
  const found = new Set<string>();
  for (const each of alternatives) {
    const whole = tilde ? home + each.slice(1) : each;
    if (!hasPattern(whole)) found.add(withoutEscapes(whole));
    else for (const path of await search(whole, directory)) found.add(path);
  }
  if (found.size > 0) return [...found];
  throw new CliError(1, "ERR_FERRY_NO_MATCH", `nothing here matches ${escapeHostile(pattern)}`);
}

async function search(pattern: string, directory: string): Promise<string[]> {
  const root = isAbsolute(pattern) ? parse(pattern).root : "";
  let found = [root];
  for (const component of pattern
    .slice(root.length)
    .split("/")
    .filter((part) => part !== "")) {
    const next: string[] = [];
    for (const path of found) {
      if (!hasPattern(component)) next.push(join(path, withoutEscapes(component)));
      else next.push(...(await namesIn(join(directory, path), path, component, root)));
    }
    found = next;
  }
  return found.sort();
}

async function namesIn(folder: string, path: string, component: string, root: string): Promise<string[]> {
  const matches = globMatcher(component);
  const hidden = component.startsWith(".");
  try {
    const names = await readdir(root === "" ? folder : path);
    return names
      .filter((name) => (hidden || !name.startsWith(".")) && matches(name))
      .map((name) => join(path, name));
  } catch {
    // What is no folder, or may not be read, holds nothing that matches.
    return [];
  }
}
