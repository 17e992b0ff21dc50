/** Log lines as objects, and as sentences for people. */

import { printable } from "../../protocol/text.js";
import type { CommandEvent, ServerEvents, TransferEvent } from "../../server/events.js";
import type { GuestBook } from "./guest-book.js";

/** Characters of a text from a client; longer pathnames than these are cut in the log only. */
const MAX_SHOWN = 512;

/** On one line, bounded, without control characters. */
export function shown(text: string): string {
  return printable(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

type LoginEvent = ServerEvents["login"][0];
type DisconnectEvent = ServerEvents["disconnect"][0];

export function loginRecord({ session, name, ok, reason }: LoginEvent, guests: GuestBook): object {
  const email = ok ? guests.emailOf(session.peer) : undefined;
  return {
    event: "login",
    ...who(session),
    user: shown(name),
    ok,
    ...(reason !== undefined && { reason }),
    ...(email !== undefined && { email: shown(email) }),
    ...(session.client !== undefined && { client: shown(session.client) }),
  };
}

export function commandRecord({ session, verb, argument, code, duration, error }: CommandEvent): object {
  return {
    event: "command",
    ...who(session),
    verb: shownVerb(verb),
    argument: isSecret(verb) ? "****" : shown(argument),
    code,
    ms: rounded(duration),
    ...errorRecord(error),
  };
}

/** The server hides these already; a password in a log is bad enough to look twice. */
function isSecret(verb: string): boolean {
  return verb === "PASS" || verb === "ACCT";
}

/** `PASSsecret`, of somebody at a keyboard who forgot the space, is no verb. */
function shownVerb(verb: string): string {
  const [, secret] = /^(PASS|ACCT)./s.exec(verb) ?? [];
  return secret === undefined ? shown(verb) : `${secret}****`;
}

export function transferRecord({
  session,
  verb,
  direction,
  content,
  type,
  outcome,
  code,
}: TransferEvent): object {
  return {
    event: "transfer",
    ...who(session),
    transfer: outcome.id,
    verb,
    direction,
    content,
    type,
    path: shown(outcome.path),
    start: outcome.start,
    bytes: outcome.bytes,
    ms: rounded(outcome.duration),
    outcome: outcome.kind,
    code,
    ...("error" in outcome && errorRecord(outcome.error)),
  };
}

export function connectionEndRecord({ session, account, reason, duration, error }: DisconnectEvent): object {
  return {
    event: "disconnect",
    ...who(session),
    ...(account !== undefined && { account: shown(account) }),
    reason,
    ms: rounded(duration),
    ...errorRecord(error),
  };
}

function who({ id, peer, account }: CommandEvent["session"]): object {
  return {
    session: id,
    peer: peer.address,
    port: peer.port,
    ...(account !== undefined && { account: shown(account) }),
  };
}

/** The stack is for errors that nobody expected; the others say all in their message. */
export function errorRecord(error: unknown): { error?: string; errorReason?: string; stack?: string } {
  if (error === undefined) return {};
  if (!(error instanceof Error)) return { error: shown(String(error)) };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  const expected = "code" in error && typeof error.code === "string";
  return {
    error: shown(`${error.message}${cause}`),
    ...("reason" in error && typeof error.reason === "string" && { errorReason: error.reason }),
    ...(!expected && error.stack !== undefined && { stack: error.stack }),
  };
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

/** A record as people read it. Its texts are printable already. */
export function sentence(record: Record<string, unknown>): string {
  const text = (key: string): string => String(record[key] ?? "");
  const place = `${text("account") || "-"}@${text("peer")}`;
  const error = record.error === undefined ? "" : ` (${text("error")})`;
  switch (record.event) {
    case "login":
      return record.ok === true
        ? `${place} logged in as ${text("user")}${record.email === undefined ? "" : ` (${text("email")})`}`
        : `${place} failed to log in as ${text("user")}: ${text("reason")}`;
    case "command":
      return `${place} ${[text("verb"), text("argument")].join(" ").trimEnd()} → ${text("code")} in ${text("ms")} ms${error}`;
    case "transfer":
      return `${place} ${text("verb")} ${text("path")}: ${transferSentence(record)}${error}`;
    case "disconnect":
      return `${place} disconnected after ${(Number(record.ms) / 1000).toFixed(1)} s: ${text("reason")}${error}`;
    case "refused":
      return `${place} refused: ${text("reason")}`;
    default:
      return `${text("message")}${error}${record.stack === undefined ? "" : `\n${text("stack")}`}`;
  }
}

function transferSentence(record: Record<string, unknown>): string {
  const direction = record.direction === "send" ? "sent" : "received";
  const [bytes, ms] = [Number(record.bytes), Number(record.ms)];
  const rate = ms > 0 ? `, ${amount((bytes / ms) * 1000)}/s` : "";
  const how = record.outcome === "complete" ? "" : `, ${String(record.outcome)}`;
  return `${direction} ${amount(bytes)} in ${(ms / 1000).toFixed(1)} s${rate}${how}`;
}

function amount(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return unit === 0 ? `${Math.round(value)} bytes` : `${value.toFixed(1)} ${units[unit]}`;
}
