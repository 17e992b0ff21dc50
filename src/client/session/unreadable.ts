/** What a server says that is no reply of FTP, and who says such a thing. */
import type { Reply } from "../../protocol/reply.js";
import { ReplyDecoderError, type ReplyDecoderReason } from "../../protocol/reply-decoder.js";
import { escapeHostile } from "../../protocol/text.js";
import { FtpError, FtpLocalError, type FtpPhase, FtpProtocolError } from "../errors.js";

/** By the first line that it says. Those that wait for the client to speak first, as web servers do, say none. */
const SERVICES: readonly (readonly [says: RegExp, name: string])[] = [
  [/^SSH-/, "an SSH server"],
  [/^HTTP\/|^<(?:!doctype|html)/i, "a web server (HTTP)"],
  [/^\+OK/, "a mail server (POP3)"],
  [/^\* (?:OK|PREAUTH|BYE)\b/, "a mail server (IMAP)"],
  // These greet with codes as FTP does (RFC 5321 4.2, RFC 3977 5.1). An FTP server may be on smtp.example.org.
  [/^\d{3} (?!.*ftp)(?!.*FTP).*\bE?SMTP\b(?![.-])/, "a mail server (SMTP)"],
  [/^20[01] (?!.*ftp)(?!.*FTP).*\b(?:NNTP|NNRP|InterNetNews)\b(?![.-])/, "a news server (NNTP)"],
  [/^RFB \d/, "a VNC server"],
  [/^@RSYNCD:/, "an rsync server"],
  [/^[\s\S]\0{3}$/, "a MySQL server"],
  [/^[\u0015\u0016]\u0003/, "a server that speaks TLS"],
];

/** `an SSH server`; undefined for what may be any. */
export function otherService(line: string): string | undefined {
  return SERVICES.find(([says]) => says.test(line))?.[1];
}

/** @throws FtpProtocolError for a greeting that is one, but not of FTP */
export function assertFtp({ code, lines }: Reply<number>): void {
  const said = `${code} ${lines.join(" ")}`;
  if (otherService(said) !== undefined) throw notFtp(said);
}

/** Characters of what was said that are shown. */
const MOST_SHOWN = 100;

/** @param line The first that the server said */
function notFtp(line: string, cause?: unknown): FtpProtocolError {
  const service = otherService(line);
  const shown = escapeHostile(line.slice(0, MOST_SHOWN).toWellFormed());
  const message =
    service === undefined
      ? `what answers there is no FTP server: it says "${shown}"`
      : `what answers there is no FTP server, but ${service}`;
  return new FtpProtocolError(message, { phase: "greeting", hint: hintFor(service), cause });
}

function hintFor(service: string | undefined): string {
  return service === "an SSH server"
    ? "SFTP is SSH's, and not FTP: use an SFTP client for it, or the port of an FTP server, usually 21."
    : "Is the port right? FTP usually has port 21, or 990 with implicit TLS.";
}

/** Without the line itself, which may repeat a password. */
const UNREADABLE: Readonly<Record<ReplyDecoderReason, string>> = {
  "line-too-long": "a line of it is too long",
  "reply-too-long": "it is too long",
  "not-a-reply": "it does not begin with a code",
};

/** @param error What reading replies threw */
export function unreadable(error: unknown, phase: FtpPhase): FtpError {
  if (error instanceof FtpError) return error;
  if (!(error instanceof ReplyDecoderError)) {
    return new FtpLocalError("onTrace failed", { phase, cause: error });
  }
  const { reason, line } = error;
  if (line !== undefined && phase === "greeting") return notFtp(line, error);
  const message = `the server's reply cannot be read: ${UNREADABLE[reason]}`;
  return new FtpProtocolError(message, { phase, cause: error });
}
