/** All probes, one after the other. None ends the others, and none takes longer than it may. */

import { FtpError } from "../../client/errors.js";
import { LONGEST_TIMEOUT } from "../../connection/deadline.js";
import { systemCode } from "../errors.js";
import { Breakdown } from "./conversation.js";
import { type Finding, type Troubles, troubleFinding, type UnknownFinding } from "./finding.js";
import type { Probe } from "./probe.js";
import { PROBES } from "./probes/index.js";
import { type Facts, LoginRefused, type Need, reasonOf, type Subject, Visit, type World } from "./visit.js";

/** What any probe can run into. */
export const COMMON_TROUBLES = {
  "connection-lost": {
    kind: "problem",
    text: "The server ended the connection while this was examined: {title}",
    cause:
      "Servers end a session when they crash, when a firewall cuts it off, or when a rule forbids a command.",
    change: [{ side: "server", what: "Look into the server's log for the reason." }],
    weight: 60,
  },
  "no-answer": {
    kind: "problem",
    text: "The server stopped answering while this was examined: {title}",
    cause: "It hangs in the command, it is overloaded, or a firewall between drops its answers.",
    change: [
      { side: "server", what: "Look into the server's log for what it was waiting for." },
      { side: "client", what: "Allow more time with --timeout, in case it is only slow." },
    ],
    weight: 60,
  },
} satisfies Troubles;

/** A probe waits for several answers, each of them for as long as was asked for. */
const WAITS = 6;

export interface Examined {
  readonly facts: Readonly<Facts>;
  readonly findings: readonly Finding[];
}

export interface ExaminationEvents {
  readonly onBegin?: (probe: Probe) => void;
  /** Told of each as it is found, in order. */
  readonly onFinding?: (finding: Finding, probe: Probe) => void;
}

/** What goes wrong is a finding, and no error. After the signal there is what was found until then. */
export async function examine(
  subject: Subject,
  world: World,
  signal: AbortSignal,
  { onBegin, onFinding }: ExaminationEvents = {},
): Promise<Examined> {
  const visit = new Visit(subject, world, signal);
  const findings: Finding[] = [];
  try {
    for (const probe of PROBES) {
      if (signal.aborted) break;
      if (probe.applies?.(visit) === false) continue;
      const missing = probe.needs.find((need) => visit.facts[need] === undefined);
      if (missing === undefined) onBegin?.(probe);
      const found = missing === undefined ? await runProbe(probe, visit, signal) : [leftOut(probe, missing)];
      for (const finding of found) {
        findings.push(finding);
        onFinding?.(finding, probe);
      }
    }
  } finally {
    await visit.close();
  }
  return { facts: visit.facts, findings };
}

async function runProbe(probe: Probe, visit: Visit, outer: AbortSignal): Promise<readonly Finding[]> {
  const own = new AbortController();
  const onAbort = (): void => own.abort();
  outer.addEventListener("abort", onAbort, { once: true });
  const limit = Math.min(visit.subject.timeout * WAITS, LONGEST_TIMEOUT);
  const timer = setTimeout(() => own.abort(), limit);
  visit.begin(own.signal);
  try {
    return await probe.run(visit);
  } catch (error) {
    visit.dropSession();
    if (outer.aborted) return [];
    if (own.signal.aborted) return [unknown(probe, `it took longer than ${limit / 1000} s`)];
    if (!isOfTheServer(error)) throw error;
    return [unexpected(probe, visit, error)];
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", onAbort);
    visit.begin(outer);
  }
}

/** Everything else is a bug of ours. */
function isOfTheServer(error: unknown): boolean {
  const known = error instanceof Breakdown || error instanceof LoginRefused || error instanceof FtpError;
  return known || systemCode(error) !== undefined;
}

function unexpected(probe: Probe, visit: Visit, error: unknown): Finding {
  const reason = error instanceof Breakdown ? error.reason : undefined;
  const id = reason === "closed" ? "connection-lost" : reason === "silent" ? "no-answer" : undefined;
  if (id === undefined) return unknown(probe, reasonOf(error));
  const details = { evidence: reasonOf(error), values: { title: probe.title } };
  return troubleFinding(probe.id, id, COMMON_TROUBLES[id], details, visit.facts.software);
}

function unknown(probe: Probe, cause: string): UnknownFinding {
  return { kind: "unknown", probe: probe.id, text: probe.title, cause };
}

function leftOut(probe: Probe, missing: Need): Finding {
  return { ...unknown(probe, MISSING[missing]), leftOut: true };
}

const MISSING: Readonly<Record<Need, string>> = {
  addresses: "the host has no address",
  address: "the server cannot be reached",
  greeting: "the server did not greet",
  security: "there is no connection that a password may be sent over",
  login: "the login did not work",
  way: "no data connection works",
  listing: "the folder could not be listed",
  file: "no file was found to try it with; name one with --file",
};
