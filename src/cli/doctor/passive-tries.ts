/** Several passive ports, one after the other: one try tells little about a range of ports. */
import type { Reply } from "../../protocol/reply.js";
import type { Conversation } from "./conversation.js";
import type { Visit } from "./visit.js";
import { connectPassive, type PassiveAnswer, passivePort, type Unreached, type WayFailure } from "./ways.js";

const TRIES = 4;

export interface PassiveTries {
  /** In the order in which they were told. */
  readonly ports: readonly number[];
  /** Of the last 227. */
  readonly address?: string;
  readonly reply: Reply<number>;
  /** The first port that could not be connected to. */
  readonly failed: { readonly port: number; readonly why: Unreached } | undefined;
}

export async function tryPassive(
  visit: Visit,
  control: Conversation,
  verb: "EPSV" | "PASV",
): Promise<PassiveTries | WayFailure> {
  const ports: number[] = [];
  let last: PassiveAnswer | undefined;
  let failed: PassiveTries["failed"];
  for (;;) {
    const told = await passivePort(control, verb);
    // A server whose ports are used up has told some before.
    if ("kind" in told) return last === undefined ? told : { ...last, ports, failed };
    last = told;
    const { port } = told;
    ports.push(port);
    // Once one was not answered the others are not waited for: their numbers are enough.
    if (failed === undefined) {
      const socket = await connectPassive(visit, port);
      if (typeof socket === "string") failed = { port, why: socket };
      else socket.destroy();
    }
    if (ports.length === TRIES) return { ...told, ports, failed };
  }
}

/** "50003 to 50090", as far as it was seen. */
export function rangeText(ports: readonly number[]): string {
  const [low, high] = [Math.min(...ports), Math.max(...ports)];
  return low === high ? String(low) : `${low} to ${high}`;
}

/**
 * Whether a refusal says that no port is free. vsftpd has no reply for it: its session dies of the failed bind with
 * `500 OOPS: vsf_sysutil_bind`, and what is asked then, of the process that is gone, with `priv_sock_get_int`.
 */
export function hasNoPort({ code, lines }: Reply<number>): boolean {
  return code === 425 || /^OOPS: (?:vsf_sysutil_|priv_sock_)/.test(lines[0] ?? "");
}

/** vsftpd's last word: the session is gone, though its connection may not have ended yet. */
export function isLastWord({ lines }: Reply<number>): boolean {
  return lines[0].startsWith("OOPS: ");
}
