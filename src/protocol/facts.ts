/** Facts of MLST and MLSD (RFC 3659 7): lines of entries, their facts' choice by OPTS MLST, and both read back. */
import { sizeText } from "./listing/size.js";
import { visibleName } from "./text.js";
import { formatTimestamp } from "./timestamp.js";

/** Every fact that Ferry can give, in the order in which it gives them. */
export const FACT_NAMES = [
  "type",
  "size",
  "modify",
  "create",
  "perm",
  "unique",
  "UNIX.mode",
  "UNIX.owner",
  "UNIX.group",
] as const;

export type FactName = (typeof FACT_NAMES)[number];

/** Those given as long as OPTS MLST did not choose. */
export const DEFAULT_FACTS: readonly FactName[] = FACT_NAMES;

/** What facts are told of; the entries of a storage are such. Times are milliseconds since the epoch. */
export interface FactsEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size: number;
  readonly modified: number;
  readonly created?: number;
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number;
  readonly owner?: string | number;
  readonly group?: string | number;
  readonly unique?: string;
  readonly target?: string;
}

/** What a line says that the entry does not know. */
export interface FactsContext {
  /** Letters of {@link permLetters}; without them there is no perm fact. */
  readonly perm?: string;
  /** Instead of the entry's name: MLST gives the whole pathname (RFC 3659 7.3.1). */
  readonly name?: string;
  /** The listed directory itself, or its parent. */
  readonly role?: "cdir" | "pdir";
}

/**
 * One line without its end: the facts, each with its semicolon, a space, and the name. Facts that do not apply,
 * or that cannot be said because their value holds a space, a semicolon or a control character (7.4), are left
 * out. A control character in a name, which would break the line, is shown as `?`.
 */
export function formatFactLine(
  entry: FactsEntry,
  facts: readonly FactName[],
  context: FactsContext = {},
): string {
  let line = "";
  for (const fact of facts) {
    const value = FACT_VALUES[fact](entry, context);
    if (value !== undefined) line += `${fact}=${value};`;
  }
  return `${line} ${visibleName(context.name ?? entry.name)}`;
}

/** A line of MLSD, or of MLST without the space that a reply puts before it. */
export interface FactLine {
  /** By names in lower case. Of a fact that is given twice the first one counts. */
  readonly facts: ReadonlyMap<string, string>;
  readonly name: string;
}

/** Undefined when the line has no space that ends the facts, or what stands before it is no list of facts. */
export function parseFactLine(line: string): FactLine | undefined {
  const space = line.indexOf(" ");
  if (space === -1) return undefined;
  const facts = new Map<string, string>();
  for (const fact of line.slice(0, space).split(";")) {
    if (fact === "") continue;
    const equals = fact.indexOf("=");
    if (equals < 1) return undefined;
    const name = fact.slice(0, equals).toLowerCase();
    if (!facts.has(name)) facts.set(name, fact.slice(equals + 1));
  }
  return { facts, name: line.slice(space + 1) };
}

/** What the user may do with an object, in the words of RFC 3659 7.5.5. */
export interface Abilities {
  readonly append?: boolean;
  /** Create files in the directory. */
  readonly create?: boolean;
  readonly delete?: boolean;
  /** Make it the working directory. */
  readonly enter?: boolean;
  readonly rename?: boolean;
  readonly list?: boolean;
  readonly makeDirectory?: boolean;
  /** Delete what the directory holds. */
  readonly purge?: boolean;
  readonly retrieve?: boolean;
  readonly store?: boolean;
}

/** Value of the perm fact: those abilities that mean something for the type. A link counts as what it leads to, a file. */
export function permLetters(abilities: Abilities, type: FactsEntry["type"]): string {
  let letters = "";
  for (const [ability, letter] of PERM_LETTERS[type]) if (abilities[ability] === true) letters += letter;
  return letters;
}

/** Text of the FEAT line (RFC 3659 7.8): facts that are given now carry an asterisk. */
export function formatMlstFeature(available: readonly FactName[], chosen: readonly FactName[]): string {
  return `MLST ${available.map((fact) => `${fact}${chosen.includes(fact) ? "*" : ""};`).join("")}`;
}

/** What a server's FEAT says behind `MLST`: fact names in lower case. */
export function parseMlstFeature(parameters: string): { available: string[]; chosen: string[] } {
  const facts = parameters
    .toLowerCase()
    .replaceAll(" ", "")
    .split(";")
    .filter((fact) => fact !== "");
  const name = (fact: string): string => fact.replace(/\*$/, "");
  return { available: facts.map(name), chosen: facts.filter((fact) => fact.endsWith("*")).map(name) };
}

/**
 * What follows `OPTS MLST` (RFC 3659 7.9): the chosen facts in the order of `available`; those that are not
 * available are passed over. Undefined, for 501, when it is no list of names; spaces are none.
 */
export function parseFactNames(
  argument: string,
  available: readonly FactName[] = FACT_NAMES,
): FactName[] | undefined {
  if (!/^(?:[^\s;=*]+;)*(?:[^\s;=*]+)?$/.test(argument)) return undefined;
  const wanted = new Set(argument.toLowerCase().split(";"));
  return available.filter((fact) => wanted.has(fact.toLowerCase()));
}

/** Text of the reply to OPTS MLST (RFC 3659 7.9.1). */
export function formatFactNames(chosen: readonly FactName[]): string {
  return chosen.length === 0 ? "MLST OPTS" : `MLST OPTS ${chosen.map((fact) => `${fact};`).join("")}`;
}

/** What ends a fact, the facts or the line. */
const UNSAYABLE = /[\u0000-\u0020\u007f;]/;

type FactValue = (entry: FactsEntry, context: FactsContext) => string | undefined;

const FACT_VALUES: Record<FactName, FactValue> = {
  type: (entry, { role }) => role ?? typeValue(entry),
  // Of files alone (RFC 3659 7.5.7): a link's is the length of its target, which nobody can retrieve.
  size: ({ type, size }) => (type === "file" ? sizeText(size) : undefined),
  modify: ({ modified }) => formatTimestamp(modified),
  // "It can never indicate a later time than the modify fact" (7.5.4), which MFMT can set back.
  create: ({ created, modified }) =>
    created === undefined || created > modified ? undefined : formatTimestamp(created),
  perm: (_, { perm }) => perm,
  unique: ({ unique }) => sayable(unique),
  "UNIX.mode": ({ mode }) => (mode === undefined ? undefined : octal(mode)),
  "UNIX.owner": ({ owner }) => sayable(owner),
  "UNIX.group": ({ group }) => sayable(group),
};

/** lftp and FileZilla know `OS.unix=slink:target`; a target that would end the fact is not told. */
function typeValue({ type, target }: FactsEntry): string {
  if (type === "file") return "file";
  if (type === "directory") return "dir";
  if (type === "other") return "OS.unix=other";
  return target === undefined || target === "" || UNSAYABLE.test(target)
    ? "OS.unix=symlink"
    : `OS.unix=slink:${target}`;
}

function sayable(value: string | number | undefined): string | undefined {
  if (value === undefined || value === "") return undefined;
  const text = String(value);
  return UNSAYABLE.test(text) ? undefined : text;
}

/** Four digits, as ProFTPD and Pure-FTPd have it. */
function octal(mode: number): string {
  const bits = mode & 0o7777;
  const known = OCTALS[bits];
  if (known !== undefined) return known;
  const text = bits.toString(8).padStart(4, "0");
  OCTALS[bits] = text;
  return text;
}

const OCTALS = new Array<string | undefined>(0o10000);

type PermLetters = readonly (readonly [keyof Abilities, string])[];

const FILE_LETTERS: PermLetters = [
  ["append", "a"],
  ["delete", "d"],
  ["rename", "f"],
  ["retrieve", "r"],
  ["store", "w"],
];

const PERM_LETTERS: Record<FactsEntry["type"], PermLetters> = {
  file: FILE_LETTERS,
  link: FILE_LETTERS,
  directory: [
    ["create", "c"],
    ["delete", "d"],
    ["enter", "e"],
    ["rename", "f"],
    ["list", "l"],
    ["makeDirectory", "m"],
    ["purge", "p"],
  ],
  other: [
    ["delete", "d"],
    ["rename", "f"],
  ],
};
