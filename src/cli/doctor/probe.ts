/** A probe finds out one thing about a server. Everything about it is one object in one file. */
import {
  type Details,
  evidenceOf,
  type Finding,
  type OkFinding,
  type Trouble,
  type TroubleFinding,
  type Troubles,
  troubleFinding,
  type UnknownFinding,
} from "./finding.js";
import type { Need, Visit } from "./visit.js";

export type Section =
  | "Connection"
  | "TLS"
  | "Login"
  | "Data connections"
  | "Names and listings"
  | "Transfers";

export interface Probe {
  readonly id: string;
  readonly section: Section;
  /** What is examined, in a few words. */
  readonly title: string;
  /** What has to be known or work before; without it the probe is left out, and says so. */
  readonly needs: readonly Need[];
  readonly troubles: Troubles;
  /** False: there is nothing to examine, and nothing is said. */
  readonly applies?: (visit: Visit) => boolean;
  run(visit: Visit): Promise<readonly Finding[]>;
}

/** How the findings of a probe are made: only those that it declares. */
export interface Findings<T extends Troubles> {
  ok(text: string, evidence?: string): OkFinding;
  found(id: keyof T & string, details?: Details): TroubleFinding;
  unknown(text: string, cause: string): UnknownFinding;
}

export interface ProbeDeclaration<T extends Troubles> extends Omit<Probe, "troubles" | "run"> {
  readonly troubles: T;
  run(visit: Visit, tell: Findings<T>): Promise<readonly Finding[]> | readonly Finding[];
}

export function defineProbe<const T extends Troubles>(declaration: ProbeDeclaration<T>): Probe {
  const { id: probe, troubles } = declaration;
  return {
    ...declaration,
    async run(visit) {
      return await declaration.run(visit, {
        ok: (text, evidence) => ({
          kind: "ok",
          probe,
          text: evidenceOf(text),
          ...(evidence !== undefined && { evidence: evidenceOf(evidence) }),
        }),
        found: (id, details = {}) =>
          troubleFinding(probe, id, troubles[id] as Trouble, details, visit.facts.software),
        unknown: (text, cause) => ({ kind: "unknown", probe, text, cause: evidenceOf(cause) }),
      });
    },
  };
}
