import type { Socket } from "node:net";
import { waitFor } from "../../../connection/deadline.js";
import type { Reply } from "../../../protocol/reply.js";
import { Breakdown, type Conversation, replyText } from "../conversation.js";
import { outcomeText, protectedSocket } from "../data.js";
import { defineProbe } from "../probe.js";
import type { Visit } from "../visit.js";
import { type Prepared, prepare } from "../ways.js";

/** Milliseconds for a second reply: servers send one or two. */
const SECOND_REPLY = 1000;
/** More replies than any transfer, ABOR and NOOP have together. */
const MOST_REPLIES = 5;

export const abort = defineProbe({
  id: "abort",
  section: "Transfers",
  title: "breaking a transfer off (ABOR)",
  needs: ["way"],
  troubles: {
    "abor-hangs": {
      kind: "note",
      text: "The server does not answer when a transfer is broken off",
      cause:
        "It does not read commands while it sends a file. Clients have to connect again after each file that they break off.",
      change: [
        {
          side: "server",
          what: "Update the server, or allow it.",
          settings: { vsftpd: "async_abor_enable=YES" },
        },
        { side: "client", what: "Use a client that does not wait for it, as Ferry: it connects again." },
      ],
      weight: 31,
    },
    "abor-closes": {
      kind: "note",
      text: "The server ends the session when a transfer is broken off",
      cause:
        "It knows no other way to stop. Clients have to connect again after each file that they break off.",
      change: [{ side: "server", what: "Update the server." }],
      weight: 19,
    },
    "abor-out-of-step": {
      kind: "problem",
      text: "After a transfer was broken off, the server's answers do not belong to the commands any more",
      cause:
        "It sends more replies than it should. Clients that count on the right number take one answer for another.",
      change: [
        { side: "server", what: "Update the server." },
        { side: "client", what: "Connect again after a transfer that was broken off." },
      ],
      weight: 57,
    },
  },
  async run(visit, tell) {
    const session = await visit.session();
    const begun = await beginTransfer(visit, session);
    if (typeof begun === "string") return [tell.unknown("Whether ABOR works", begun)];
    const begin = performance.now();
    session.send("ABOR");
    begun.close();
    const { replies, end, last } = await untilInStep(session);
    const evidence = replies.map(replyText).join(" / ") || undefined;
    if (end !== "in-step") visit.dropSession();
    if (end === "in-step" && endedBefore(replies)) {
      return [
        tell.ok("ABOR is answered as it should be; what it was to break off had ended before", evidence),
      ];
    }
    if (end === "in-step") {
      return [
        tell.ok(`A transfer can be broken off (ABOR); it took ${Math.round(last - begin)} ms`, evidence),
      ];
    }
    return [tell.found(end, { evidence })];
  },
});

/** Small files are whole before anything can be broken off. ProFTPD with TLS answers ABOR before the transfer. */
function endedBefore(replies: readonly Reply<number>[]): boolean {
  return replies.length === 2 && replies.every(({ code }) => code < 300);
}

/** Until the first bytes have come, or none come any more: before that there may be nothing to break off. */
async function underWay(visit: Visit, socket: Socket): Promise<void> {
  if (socket.readableEnded || socket.destroyed) return;
  const { signal } = visit;
  const timedOut = (): Error => new Breakdown("silent", "no data came");
  const aborted = (): Error => new Breakdown("stopped", "stopped");
  await waitFor<void>({ signal, timeout: visit.subject.timeout, timedOut, aborted }, (resolve) => {
    for (const event of ["readable", "end", "close"]) socket.once(event, () => resolve());
    return () => socket.destroy();
  });
}

/** A transfer that has begun and of which nobody reads more than its first bytes; why not, when it did not. */
async function beginTransfer(visit: Visit, session: Conversation): Promise<Prepared | string> {
  const { way = "EPSV", file } = visit.facts;
  await session.ask("TYPE", "I");
  const prepared = await prepare(visit, session, way);
  if ("kind" in prepared) return outcomeText(prepared);
  if (file === undefined) session.send("LIST");
  else session.send("RETR", file.name);
  const reply = await session.next();
  if (reply.code >= 200) {
    prepared.close();
    return `the transfer was answered ${replyText(reply)}`;
  }
  const socket = await prepared.socket();
  if (socket === undefined) return "no data connection came";
  const secured = await protectedSocket(visit, session, {}, socket);
  if (!("kind" in secured)) {
    secured.on("error", () => {});
    await underWay(visit, secured);
    const close = (): void => {
      secured.destroy();
      prepared.close();
    };
    return { socket: prepared.socket, close };
  }
  prepared.close();
  return secured.kind === "done" ? "" : outcomeText(secured);
}

/** ABOR has one reply or two (RFC 959 4.1.3); the 200 of a NOOP shows that no more are to come. */
async function untilInStep(session: Conversation): Promise<{
  readonly replies: readonly Reply<number>[];
  readonly end: "in-step" | "abor-hangs" | "abor-closes" | "abor-out-of-step";
  /** When the last of them came: nobody else waits for a second one that does not. */
  readonly last: number;
}> {
  const replies: Reply<number>[] = [];
  let last = performance.now();
  const take = (reply: Reply<number>): void => {
    replies.push(reply);
    last = performance.now();
  };
  try {
    take(await session.completion());
    await session.next(SECOND_REPLY).then(take, (error: unknown) => {
      if (!(error instanceof Breakdown) || error.reason !== "silent") throw error;
    });
    session.send("NOOP");
    for (;;) {
      const reply = await session.next();
      if (answersNoop(reply.code)) break;
      take(reply);
      if (replies.length >= MOST_REPLIES) return { replies, end: "abor-out-of-step", last };
    }
    return { replies, end: replies.length > 2 ? "abor-out-of-step" : "in-step", last };
  } catch (error) {
    if (error instanceof Breakdown && error.reason === "silent") return { replies, end: "abor-hangs", last };
    if (error instanceof Breakdown && error.reason === "closed") return { replies, end: "abor-closes", last };
    throw error;
  }
}

/** No transfer ends with these. */
function answersNoop(code: number): boolean {
  return code === 200 || code === 500 || code === 502;
}
