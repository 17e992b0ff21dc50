/** Around zod: what it found wrong as one line with the place, and optional values as our types have them. */
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

export interface DescribedIssue {
  /** Of what is wrong: of an unknown key, not of what holds it. */
  readonly path: readonly PropertyKey[];
  /** `accounts[2].limits.sessions: expected number, received string` */
  readonly text: string;
}

/** The first thing that is wrong. */
export function describeIssue(error: z.ZodError): DescribedIssue {
  const first = error.issues[0];
  if (first === undefined) return { path: [], text: "not valid" };
  const { issue, path } = innermost(first, []);
  const at = placeOf(path);
  const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  return { path: [...path, ...unknown], text: at === "" ? textOf(issue) : `${at}: ${textOf(issue)}` };
}

/** `accounts[2].limits.sessions` */
function placeOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((place, key) => {
    if (typeof key === "number") return `${place}[${key}]`;
    const name = String(key);
    if (!/^\w+$/.test(name)) return `${place}[${JSON.stringify(name)}]`;
    return place === "" ? name : `${place}.${name}`;
  }, "");
}

interface Found {
  readonly issue: Issue;
  readonly path: readonly PropertyKey[];
}

/** Of the alternatives of a union, the one that went furthest was meant; the union's own message when none did. */
function innermost(issue: Issue, above: readonly PropertyKey[]): Found {
  const here = { issue, path: [...above, ...issue.path] };
  if (issue.code !== "invalid_union") return here;
  return issue.errors
    .flatMap((issues) => issues.map((inner) => innermost(inner, here.path)))
    .reduce<Found>((furthest, inner) => (distance(inner) > distance(furthest) ? inner : furthest), here);
}

/** A custom check comes after the type was right, so it is further than a wrong type of the same place. */
function distance({ issue, path }: Found): number {
  return 2 * path.length + (issue.code === "custom" ? 1 : 0);
}

function textOf(issue: Issue): string {
  if (issue.code === "unrecognized_keys") {
    return `unknown ${issue.keys.length === 1 ? "key" : "keys"} ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
  }
  const ofKey = issue.code === "invalid_key" ? issue.issues[0] : undefined;
  if (ofKey !== undefined) return textOf(ofKey);
  return issue.message.replace(/^Invalid (input|option): /, "");
}

export type WithoutUndefined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** zod says `undefined` where it means "absent". */
export function withoutUndefined<T extends object>(parsed: T): WithoutUndefined<T> {
  const present = Object.entries(parsed).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as WithoutUndefined<T>;
}
