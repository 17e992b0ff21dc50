/** `ferry doctor`, run as a user runs it, and what it tells as JSON. */
import assert from "node:assert/strict";
import type { Ferry } from "./ferry.js";

export interface DoctorFinding {
  readonly id?: string;
  readonly probe: string;
  readonly kind: "ok" | "note" | "problem" | "unknown";
  readonly text: string;
  readonly evidence?: string;
  readonly change?: readonly { readonly side: string; readonly what: string }[];
}

export interface DoctorTold {
  readonly code: number | null;
  readonly server: { readonly software?: string; readonly control?: string };
  readonly findings: readonly DoctorFinding[];
  /** Ids of notes and problems, the weightiest first. */
  readonly found: readonly string[];
  /** What a failed assertion should show. */
  readonly report: string;
}

export async function doctor(ferry: Ferry, argv: readonly string[]): Promise<DoctorTold> {
  const { code, stdout, report } = await ferry.run(["doctor", ...argv, "--json", "--timeout", "10"]);
  assert.match(stdout, /^\{.*\}\n$/, report);
  const { server, findings, summary } = JSON.parse(stdout);
  // Where "localhost" is ::1 too, the servers of the tests do not listen there.
  const found = summary.change.filter((id: string) => id !== "address-dead");
  return { code, server, findings, found, report };
}
