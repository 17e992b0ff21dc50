/** What the facts of an entry (RFC 3659 7.5) mean, as values. */
import type { FactLine, FactsEntry } from "./facts.js";
import { parseTimestamp } from "./timestamp.js";

/** What the facts of a line say; whatever is not said, or cannot be read, is absent. */
export interface EntryFacts {
  readonly name: string;
  readonly type?: FactsEntry["type"];
  readonly role?: "cdir" | "pdir";
  readonly size?: number;
  readonly modified?: number;
  readonly created?: number;
  readonly mode?: number;
  readonly owner?: string;
  readonly group?: string;
  readonly unique?: string;
  readonly target?: string;
  /** In lower case. */
  readonly perm?: string;
}

/** Facts as values. Sizes beyond what a number holds exactly count as not said. */
export function readFacts({ facts, name }: FactLine): EntryFacts {
  const said: { -readonly [Key in keyof EntryFacts]: EntryFacts[Key] } = {
    name,
    ...typeOf(facts.get("type")),
  };
  const size = wholeNumber(facts.get("size"));
  if (size !== undefined) said.size = size;
  const modified = timeOf(facts.get("modify"));
  if (modified !== undefined) said.modified = modified;
  const created = timeOf(facts.get("create"));
  if (created !== undefined) said.created = created;
  const mode = modeOf(facts.get("unix.mode"));
  if (mode !== undefined) said.mode = mode;
  // ProFTPD and Pure-FTPd give numbers as well, some servers nothing else.
  const owner = facts.get("unix.owner") ?? facts.get("unix.uid");
  if (owner !== undefined) said.owner = owner;
  const group = facts.get("unix.group") ?? facts.get("unix.gid");
  if (group !== undefined) said.group = group;
  const unique = facts.get("unique");
  if (unique !== undefined) said.unique = unique;
  const perm = facts.get("perm");
  if (perm !== undefined) said.perm = perm.toLowerCase();
  return said;
}

/** Type values in any case (RFC 3659 7.5.1); every type of a system that is no link is "other". */
function typeOf(value: string | undefined): Pick<EntryFacts, "type" | "role" | "target"> | undefined {
  if (value === undefined || value === "") return undefined;
  const kind = value.toLowerCase();
  if (kind === "file") return { type: "file" };
  if (kind === "dir") return { type: "directory" };
  if (kind === "cdir" || kind === "pdir") return { type: "directory", role: kind };
  // Pure-FTPd has the colon and no target.
  const link = /^os\.unix=(?:slink|symlink)(?::(.*))?$/i.exec(value);
  if (link === null) return { type: "other" };
  return link[1] ? { type: "link", target: link[1] } : { type: "link" };
}

function wholeNumber(text: string | undefined): number | undefined {
  const number = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseTimestamp(text);
}

/** Permission bits; servers that give the file type too (`0100644`) mean the same. */
function modeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-7]{1,7}$/.test(text) ? Number.parseInt(text, 8) & 0o7777 : undefined;
}
