/** Patterns of remote names, found out by listings. */
import type { FtpClient } from "../../client/client.js";
import { FtpNotFoundError, FtpReplyError } from "../../client/errors.js";
import { MOST_LEVELS } from "../../client/verbs/directories.js";
import type { FtpEntry } from "../../client/verbs/listing.js";
import { remoteJoin } from "../../client/verbs/names.js";
import { globMatcher } from "../../protocol/glob.js";
import { escapeHostile } from "../../protocol/text.js";
import { CliError, usageError } from "../errors.js";
import { alternativesOf, hasPattern, MOST_ALTERNATIVES, withoutEscapes } from "./patterns.js";

export interface RemoteMatch {
  readonly path: string;
  /** As a listing told it; absent for names that were given as they are. */
  readonly entry?: FtpEntry;
}

/** What is asked of the server. */
export type Lister = Pick<FtpClient, "list" | "exists">;

/** Names looked at for one pattern; a server that lists itself for ever is left at that. */
const MOST_NAMES = 1_000_000;

/**
 * What a place means: itself, when it is no pattern, or exists under the very name; else all that match, sorted.
 * Names with a dot in first place are matched by patterns that have it too, as in a shell.
 * @throws CliError when nothing matches, unless that may be; FtpError
 */
export async function expandRemote(
  client: Lister,
  { path, pattern }: { readonly path: string; readonly pattern: string },
  { signal, mayBeNone = false }: { readonly signal?: AbortSignal; readonly mayBeNone?: boolean } = {},
): Promise<RemoteMatch[]> {
  if (!hasPattern(pattern) || (await client.exists(path, { signal }))) return [{ path }];
  const alternatives = alternativesOf(pattern);
  if (alternatives === undefined) throw usageError(`a pattern may mean ${MOST_ALTERNATIVES} names at most`);
  const search = new Search(client, signal);
  const found = new Map<string, RemoteMatch>();
  for (const alternative of alternatives) {
    if (!hasPattern(alternative))
      found.set(withoutEscapes(alternative), { path: withoutEscapes(alternative) });
    for (const match of hasPattern(alternative) ? await search.matches(alternative) : []) {
      found.set(match.path, match);
    }
  }
  if (found.size > 0 || mayBeNone) return [...found.values()];
  throw new CliError(1, "ERR_FERRY_NO_MATCH", `nothing on the server matches ${escapeHostile(pattern)}`);
}

class Search {
  readonly #client: Lister;
  readonly #signal: AbortSignal | undefined;
  #names = 0;

  constructor(client: Lister, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#signal = signal;
  }

  async matches(pattern: string): Promise<RemoteMatch[]> {
    const absolute = pattern.startsWith("/");
    const components = pattern.split("/").filter((component) => component !== "");
    let found: RemoteMatch[] = [{ path: absolute ? "/" : "" }];
    for (const [n, component] of components.entries()) {
      const next: RemoteMatch[] = [];
      const last = n === components.length - 1;
      for (const { path } of found) {
        if (component === "**") await this.#below(path, { last, into: next, level: 0 });
        else if (hasPattern(component)) next.push(...(await this.#inFolder(path, component, last)));
        else await this.#named(path, withoutEscapes(component), { into: next, beyond: n > 0 && last });
      }
      found = next;
    }
    return found.sort((one, other) => (one.path < other.path ? -1 : 1));
  }

  /** A component that is no pattern. Below a pattern it is not everywhere. */
  async #named(
    folder: string,
    name: string,
    { into, beyond }: { readonly into: RemoteMatch[]; readonly beyond: boolean },
  ): Promise<void> {
    const path = remoteJoin(folder, name);
    if (!beyond || (await this.#client.exists(path, { signal: this.#signal }))) into.push({ path });
  }

  async #inFolder(folder: string, component: string, last: boolean): Promise<RemoteMatch[]> {
    const matches = globMatcher(component);
    const hidden = component.startsWith(".");
    const entries = await this.#list(folder, hidden);
    return entries
      .filter(({ name, type }) => (last || type !== "file") && matches(name))
      .map((entry) => ({ path: remoteJoin(folder, entry.name), entry }));
  }

  /** The folder, and those in it all the way down; as the last component, all that is in them. */
  async #below(
    folder: string,
    o: { readonly last: boolean; readonly into: RemoteMatch[]; readonly level: number },
  ): Promise<void> {
    if (!o.last) o.into.push({ path: folder });
    for (const entry of await this.#list(folder, false)) {
      const path = remoteJoin(folder, entry.name);
      if (o.last) o.into.push({ path, entry });
      if (entry.type === "directory" && o.level < MOST_LEVELS)
        await this.#below(path, { ...o, level: o.level + 1 });
    }
  }

  /** Nothing for a folder that is not there, or may not be seen. */
  async #list(folder: string, hidden: boolean): Promise<FtpEntry[]> {
    const entries: FtpEntry[] = [];
    const o = this.#signal === undefined ? { hidden } : { hidden, signal: this.#signal };
    try {
      for await (const entry of this.#client.list(folder === "" ? undefined : folder, o)) {
        if (++this.#names > MOST_NAMES)
          throw usageError(`a pattern is looked for in ${MOST_NAMES} names at most`);
        if (hidden || !entry.name.startsWith(".")) entries.push(entry);
      }
    } catch (error) {
      const nothing =
        error instanceof FtpNotFoundError || (error instanceof FtpReplyError && !error.retryable);
      if (!nothing) throw error;
    }
    return entries;
  }
}
