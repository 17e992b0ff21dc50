/** Which other service it is that answers where an FTP server was looked for. */
import { waitFor } from "../../connection/deadline.js";
import { Breakdown } from "./conversation.js";
import type { Visit } from "./visit.js";

/** By their first bytes. */
const GREETINGS: readonly (readonly [RegExp, string])[] = [
  [/^SSH-/, "an SSH server"],
  [/^HTTP\/|^<(?:!doctype|html)/i, "a web server"],
  [/^\+OK\b/, "a mail server (POP3)"],
  [/^\* (?:OK|PREAUTH|BYE)\b/, "a mail server (IMAP)"],
  [/^RFB \d/, "a VNC server"],
  [/^@RSYNCD:/, "an rsync server"],
  // These have replies of the same form, with codes of their own (RFC 5321 4.2, RFC 3977 5.1).
  [/^(?!.*\bFTP)\d{3}[ -].*\bE?SMTP\b/, "a mail server (SMTP)"],
  [/^(?!.*\bFTP)\d{3}[ -].*\b(?:NNTP|NNRP|InterNetNews)\b/, "a news server (NNTP)"],
];

/** Undefined for what is not known, FTP among it. */
export function serviceIn(greeting: string): string | undefined {
  const [first = ""] = greeting.split(/[\r\n]/, 1);
  return GREETINGS.find(([mark]) => mark.test(first))?.[1];
}

const REQUEST = "HEAD / HTTP/1.0\r\n\r\n";

/** Whether somebody who waits for the other side to begin is a web server. */
export async function speaksHttp(visit: Visit): Promise<boolean> {
  const socket = await visit.dial(visit.address, visit.subject.port);
  try {
    const heard = await waitFor<string>(
      {
        signal: visit.signal,
        timeout: visit.subject.timeout,
        timedOut: () => new Breakdown("silent", "no answer"),
        aborted: () => new Breakdown("stopped", "stopped"),
      },
      (resolve) => {
        socket.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1")));
        for (const event of ["error", "close"]) socket.on(event, () => resolve(""));
        socket.write(REQUEST);
        return () => {};
      },
    );
    return heard.startsWith("HTTP/");
  } catch (error) {
    if (error instanceof Breakdown && error.reason === "silent") return false;
    throw error;
  } finally {
    socket.destroy();
  }
}
