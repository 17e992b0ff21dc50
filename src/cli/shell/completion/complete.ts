/** Tab: from what stands left of the cursor to what goes in its place, or to a list to choose from. */
import type { CommandBook, ShellCommand } from "../declaration.js";
import { flagNames } from "../flag-words.js";
import { quoteWord } from "../line/quoting.js";
import { type Quotes, scan, type Token, type Word } from "../line/tokens.js";
import type { Candidate, CompletionWorld, Source } from "./source.js";
import { candidatesOf, localPath, nothing, wordFrom } from "./sources.js";

export interface Completion {
  /** The part of the line, up to the cursor, that is replaced. */
  readonly replaced: string;
  /** What comes in its place; the same when nothing more is sure. */
  readonly replacement: string;
  /** To choose from, when there are several and nothing more is sure. */
  readonly choices: readonly Candidate[];
}

/** The word that is being typed, and what stands before it. */
interface Place {
  readonly typed: string;
  readonly raw: string;
  readonly tilde: boolean;
  readonly quotes: Quotes;
  /** Words of this command before it. */
  readonly before: readonly string[];
  readonly kind: "word" | "file" | "local";
}

/** Never throws: what cannot be found out is not offered. @param line Up to the cursor. */
export async function complete(
  line: string,
  world: CompletionWorld,
  commands: CommandBook,
  signal: AbortSignal,
): Promise<Completion> {
  const place = placeIn(line);
  const found = await offered(place, world, commands, signal);
  const candidates = [...new Map(found.map((candidate) => [candidate.text, candidate])).values()];
  const unchanged = { replaced: place.raw, replacement: place.raw, choices: [] };
  const [only] = candidates;
  if (only === undefined) return unchanged;
  if (candidates.length === 1) return { ...unchanged, replacement: whole(only, place) };
  const common = commonPrefix(candidates.map(({ text }) => text));
  if (common.length > place.typed.length) return { ...unchanged, replacement: begun(common, place) };
  return { ...unchanged, choices: candidates.sort((one, other) => compare(one.label, other.label)) };
}

async function offered(
  place: Place,
  world: CompletionWorld,
  commands: CommandBook,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const { typed, tilde, before } = place;
  try {
    return await sourceFor(place, commands)({ world, typed, tilde, before, signal });
  } catch {
    return [];
  }
}

function sourceFor(place: Place, commands: CommandBook): Source {
  if (place.kind !== "word") return localPath;
  const [name, ...rest] = place.before;
  if (name === undefined) return wordFrom("commands");
  const command = commands.find(name);
  return command === undefined ? nothing : sourceOf(command, rest, place, commands);
}

function sourceOf(
  command: ShellCommand,
  before: readonly string[],
  place: Place,
  commands: CommandBook,
): Source {
  if (command.inner !== undefined) {
    const inner = command.inner(before);
    if (inner !== undefined) {
      return (request) => sourceFor({ ...place, before: inner }, commands)({ ...request, before: inner });
    }
  }
  const open = before.includes("--");
  if (!open && place.typed.startsWith("-"))
    return ({ typed }) => candidatesOf(flagNames(command.flags), typed);
  const { position, valueSource } = command.verbatim
    ? { position: before.length, valueSource: undefined }
    : positionAfter(command, before);
  if (valueSource !== undefined) return valueSource;
  const operand = command.operands[position] ?? repeated(command);
  return operand?.complete ?? nothing;
}

/** How many operands stand before, and the source of a flag's value when that is what comes now. */
function positionAfter(
  { flags }: ShellCommand,
  before: readonly string[],
): { readonly position: number; readonly valueSource: Source | undefined } {
  let position = 0;
  let open = false;
  for (let at = 0; at < before.length; at++) {
    const word = before[at] ?? "";
    if (!open && word === "--") open = true;
    else if (!open && word.startsWith("-") && word !== "-") {
      const flag = Object.values(flags).find(({ names }) => names.includes(word));
      if (flag === undefined || flag.kind === "switch") continue;
      if (at === before.length - 1) return { position, valueSource: flag.complete ?? nothing };
      at++;
    } else position++;
  }
  return { position, valueSource: undefined };
}

function repeated({ operands }: ShellCommand): ShellCommand["operands"][number] | undefined {
  const last = operands.at(-1);
  return last?.count === "some" || last?.count === "any" ? last : undefined;
}

function placeIn(line: string): Place {
  const { tokens, open } = scan(line);
  const last = tokens.at(-1);
  if (last !== undefined && (last.kind === "local" || last.kind === "pipe")) return localPlace(line);
  const typing = last?.kind === "word" && last.end === line.length ? last : undefined;
  const earlier = typing === undefined ? tokens : tokens.slice(0, -1);
  const { before, kind } = contextOf(earlier);
  return {
    // A backslash that quotes nothing yet.
    raw: typing?.raw ?? "",
    typed: typing?.text ?? "",
    tilde: typing?.tilde ?? false,
    quotes: open === "none" && typing !== undefined ? closedQuotes(typing) : open,
    before,
    kind,
  };
}

/** The kind of quotes that a word was begun with is kept, although they are closed. */
function closedQuotes({ raw }: Word): Quotes {
  if (raw.startsWith('"')) return "double";
  return raw.startsWith("'") ? "single" : "none";
}

function contextOf(tokens: readonly Token[]): { readonly before: string[]; readonly kind: "word" | "file" } {
  const start = tokens.findLastIndex(({ kind }) => kind === "operator") + 1;
  const before: string[] = [];
  let redirected = false;
  for (const token of tokens.slice(start)) {
    if (token.kind === "word" && !redirected) before.push(token.text);
    redirected = token.kind === "redirect";
  }
  return { before, kind: redirected ? "file" : "word" };
}

/** In a line of the local shell: the last word of it, in quotes that every shell knows. */
function localPlace(line: string): Place {
  const [raw = ""] = /(?:\\[\s\S]|[^\s\\'"|;&<>!])*$/.exec(line) ?? [];
  const typed = raw.replace(/\\([\s\S])/g, "$1");
  return { raw, typed, tilde: /^~(?:\/|$)/.test(raw), quotes: "none", before: [], kind: "local" };
}

function whole(candidate: Candidate, place: Place): string {
  if (candidate.more) return begun(candidate.text, place);
  return `${quoted(candidate.text, place, false)} `;
}

/** Quotes stay open, for what is typed next. */
function begun(text: string, place: Place): string {
  return quoted(text, place, true);
}

function quoted(text: string, { tilde, quotes }: Place, open: boolean): string {
  // `~` means something only where it is not quoted.
  return tilde ? `~${quoteWord(text.slice(1), "none", open)}` : quoteWord(text, quotes, open);
}

/** In whole characters: half of a pair would be another name. */
function commonPrefix(texts: readonly string[]): string {
  const [first = "", ...others] = texts;
  let length = first.length;
  for (const text of others) {
    let at = 0;
    while (at < length && text[at] === first[at]) at++;
    length = at;
  }
  const last = first.charCodeAt(length - 1);
  const next = first.charCodeAt(length);
  const splitsPair = last >= 0xd800 && last <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
  return first.slice(0, splitsPair ? length - 1 : length);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
