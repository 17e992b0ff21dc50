/** What the doctor finds, and how it is told: in plain words, with its evidence, its cause and what to change. */
import { escapeHostile } from "../../protocol/text.js";
import type { Software } from "./software.js";

/** Where something is to be changed: at the server, here, or in a router or firewall between. */
export type Side = "server" | "client" | "network";

export interface Advice {
  readonly side: Side;
  /** An imperative sentence; `{name}` stands for a value that is known when it is found. */
  readonly what: string;
  /** The server's setting that it is about, for those that we know. */
  readonly settings?: Readonly<Partial<Record<Software, string>>>;
}

/** Something that may be wrong; docs/doctor.md tells of each by its id. */
export interface Trouble {
  /** A problem makes transfers fail, for some clients at least; a note is worth knowing. */
  readonly kind: "problem" | "note";
  /** One sentence; `{name}` stands for a value that is known when it is found. */
  readonly text: string;
  readonly cause: string;
  readonly change: readonly Advice[];
  /** 1 to 100: what stands in the way of more comes first. */
  readonly weight: number;
}

/** Ids are lower case with hyphens, and the same from version to version. */
export type Troubles = Readonly<Record<string, Trouble>>;

interface AnyFinding {
  /** Of the probe that found it. */
  readonly probe: string;
  readonly text: string;
}

export interface OkFinding extends AnyFinding {
  readonly kind: "ok";
  readonly evidence?: string;
}

export interface TroubleFinding extends AnyFinding {
  readonly kind: "problem" | "note";
  readonly id: string;
  /** What was heard or seen: printable, bounded, without secrets. */
  readonly evidence?: string;
  readonly cause: string;
  readonly change: readonly { readonly side: Side; readonly what: string }[];
  readonly weight: number;
}

/** It could not be found out, and why. */
export interface UnknownFinding extends AnyFinding {
  readonly kind: "unknown";
  readonly cause: string;
  /** Whether it was not tried, because something before it did not work. */
  readonly leftOut?: true;
}

export type Finding = OkFinding | TroubleFinding | UnknownFinding;

export interface Details {
  readonly evidence?: string | undefined;
  readonly values?: Readonly<Record<string, string | number>>;
  /** Instead of the declared one, where it depends on what the user asked for. */
  readonly kind?: Trouble["kind"] | undefined;
}

const LONGEST_EVIDENCE = 200;
/** Settings of servers that are named when nobody knows which it is; docs/doctor.md has the others. */
const USUAL = 3;

/** Text of a peer for people: on one line, cut, control characters escaped. */
export function evidenceOf(text: string): string {
  // Cut before it is escaped, and again after: escapes are longer.
  const shown = escapeHostile(text.slice(0, LONGEST_EVIDENCE));
  const cut = text.length > LONGEST_EVIDENCE || shown.length > LONGEST_EVIDENCE;
  return cut ? `${shown.slice(0, LONGEST_EVIDENCE)}…` : shown;
}

/** A declared trouble, as it was found. */
export function troubleFinding(
  probe: string,
  id: string,
  trouble: Trouble,
  { evidence, values = {}, kind }: Details,
  software: Software | undefined,
): TroubleFinding {
  return {
    kind: kind ?? trouble.kind,
    id,
    probe,
    text: filled(trouble.text, values),
    ...(evidence !== undefined && { evidence: evidenceOf(evidence) }),
    cause: filled(trouble.cause, values),
    change: trouble.change.map((advice) => ({
      side: advice.side,
      what: withSetting(filled(advice.what, values), settingText(advice, software)),
    })),
    weight: trouble.weight,
  };
}

/** @throws TypeError for a place that nothing was given for: a mistake in a declaration */
function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new TypeError(`nothing was given for ${place}`);
    return evidenceOf(String(value));
  });
}

function withSetting(what: string, setting: string): string {
  return setting === "" ? what : `${what.replace(/\.$/, "")} (${setting}).`;
}

/** The setting of the server that it is; of the usual ones when it does not say which it is. */
function settingText({ settings }: Advice, software: Software | undefined): string {
  if (settings === undefined) return "";
  const own = software === undefined ? undefined : settings[software];
  if (own !== undefined) return `${software}: ${own}`;
  if (software !== undefined) return "";
  const all = Object.entries(settings).map(([name, setting]) => `${name}: ${setting}`);
  return all.length > USUAL ? `${all.slice(0, USUAL).join("; ")}; others have the like` : all.join("; ");
}
