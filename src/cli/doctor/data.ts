/** One transfer, watched step by step: what the doctor wants to know is where it ends. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Reply } from "../../protocol/reply.js";
import { decodeText } from "../../protocol/text.js";
import { Breakdown, type Conversation, handshake, replyText } from "./conversation.js";
import type { Visit, Way } from "./visit.js";
import { type Prepared, prepare, UNREACHED, unlessSilent, type WayFailure } from "./ways.js";

export type DataOutcome =
  | WayFailure
  /** The command of the transfer, REST included. */
  | { readonly kind: "refused"; readonly verb: string; readonly reply: Reply<number> }
  /** Active: the server did not connect. */
  | { readonly kind: "never-came"; readonly reply: Reply<number> | undefined }
  | { readonly kind: "handshake"; readonly message: string; readonly reply: Reply<number> | undefined }
  /** No byte came for too long. */
  | { readonly kind: "stalled"; readonly bytes: number }
  | { readonly kind: "broken"; readonly bytes: number; readonly reply: Reply<number> | undefined }
  /** All bytes came, and no completion reply. */
  | { readonly kind: "unconfirmed"; readonly bytes: number }
  | { readonly kind: "failed"; readonly reply: Reply<number> }
  | {
      readonly kind: "done";
      /** What came, at most `most` of it. */
      readonly bytes: Buffer;
      /** Whether there was more. */
      readonly cut: boolean;
      readonly reply: Reply<number>;
      /** Of the data connection; absent when it was in clear. */
      readonly tls: { readonly resumed: boolean } | undefined;
    };

export interface TransferRequest {
  readonly verb: string;
  readonly argument?: string | undefined;
  readonly way: Way;
  readonly restart?: number;
  /** Whether the TLS session of the control connection is resumed; not asked for: as it works. */
  readonly resume?: boolean;
  /** Bytes after which enough has come; the data connection is ended then. */
  readonly most?: number;
  /** What is sent; absent when the server sends. */
  readonly upload?: Buffer;
}

const MOST_BYTES = 256 * 1024;

/** @throws Breakdown when the control connection is lost */
export async function runTransfer(
  visit: Visit,
  control: Conversation,
  request: TransferRequest,
): Promise<DataOutcome> {
  const prepared = await prepare(visit, control, request.way);
  if ("kind" in prepared) return prepared;
  try {
    return await over(visit, control, request, prepared);
  } finally {
    prepared.close();
  }
}

async function over(
  visit: Visit,
  control: Conversation,
  request: TransferRequest,
  prepared: Prepared,
): Promise<DataOutcome> {
  const { verb, argument, restart } = request;
  if (restart !== undefined) {
    const reply = await control.ask("REST", String(restart));
    if (reply.code >= 400) return { kind: "refused", verb: "REST", reply };
  }
  control.send(verb, argument);
  // An active server may connect first and say 150 then, or the other way round, or say 425 after a while.
  const first = unlessSilent(control.next());
  const arrival = prepared.socket();
  const begun = await Promise.race([first, arrival]);
  if (begun !== undefined && "code" in begun && begun.code >= 300)
    return { kind: "refused", verb, reply: begun };
  const [reply, socket] = await Promise.all([first, arrival]);
  if (reply !== undefined && reply.code >= 300) return { kind: "refused", verb, reply };
  if (socket === undefined) return { kind: "never-came", reply: await lateReply(control) };
  if (reply === undefined) {
    control.destroy();
    return { kind: "stalled", bytes: 0 };
  }
  const secured = await protectedSocket(visit, control, request, socket);
  if ("kind" in secured) return secured;
  return await move(visit, control, request, secured, reply);
}

/** TLS, where data connections have it. */
export async function protectedSocket(
  visit: Visit,
  control: Conversation,
  request: Pick<TransferRequest, "resume">,
  socket: Socket,
): Promise<Socket | DataOutcome> {
  if (visit.facts.protection !== "private") return socket;
  const resume = request.resume ?? visit.facts.resume ?? true;
  const session = resume ? control.tlsSession : undefined;
  try {
    const { timeout } = visit.subject;
    const options = { ...visit.tlsOptions(), ...(session !== undefined && { session }) };
    return await handshake(socket, options, { timeout, signal: visit.signal });
  } catch (error) {
    if (!(error instanceof Breakdown) || error.reason === "stopped") throw error;
    return { kind: "handshake", message: error.message, reply: await lateReply(control) };
  }
}

async function move(
  visit: Visit,
  control: Conversation,
  { most = MOST_BYTES, upload }: TransferRequest,
  socket: Socket,
  first: Reply<number>,
): Promise<DataOutcome> {
  const moved = upload === undefined ? await receive(visit, socket, most) : await send(visit, socket, upload);
  const resumed = (socket as Partial<TLSSocket>).isSessionReused?.() ?? false;
  const tls = "getPeerCertificate" in socket ? { resumed } : undefined;
  socket.destroy();
  const { bytes, end } = moved;
  if (end === "stalled") {
    control.destroy();
    return { kind: "stalled", bytes: bytes.length };
  }
  const reply = first.code >= 200 ? first : await lateReply(control);
  if (end === "enough") return { kind: "done", bytes, cut: true, reply: reply ?? first, tls };
  if (reply === undefined) return { kind: "unconfirmed", bytes: bytes.length };
  if (end === "broken") return { kind: "broken", bytes: bytes.length, reply };
  return reply.code >= 300 ? { kind: "failed", reply } : { kind: "done", bytes, cut: false, reply, tls };
}

interface Moved {
  readonly bytes: Buffer;
  readonly end: "end" | "enough" | "broken" | "stalled";
}

function receive(visit: Visit, socket: Socket, most: number): Promise<Moved> {
  const chunks: Buffer[] = [];
  let length = 0;
  const moved = (end: Moved["end"]): Moved => ({ bytes: Buffer.concat(chunks).subarray(0, most), end });
  return watched(visit, socket, moved, (settle) => {
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= most) settle("enough");
    });
    socket.resume();
  });
}

function send(visit: Visit, socket: Socket, upload: Buffer): Promise<Moved> {
  return watched(
    visit,
    socket,
    (end) => ({ bytes: upload, end }),
    () => {
      // What the server says there is nothing of ours, but its end has to be seen.
      socket.resume();
      socket.end(upload);
    },
  );
}

/** Until the other side ends, breaks off, or is still for too long. */
function watched(
  visit: Visit,
  socket: Socket,
  moved: (end: Moved["end"]) => Moved,
  begin: (settle: (end: Moved["end"]) => void) => void,
): Promise<Moved> {
  const { timeout } = visit.subject;
  return new Promise((resolve, reject) => {
    const settle = (end: Moved["end"]): void => {
      clearTimeout(timer);
      visit.signal.removeEventListener("abort", onAbort);
      resolve(moved(end));
    };
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new Breakdown("stopped", "stopped"));
    };
    const timer = setTimeout(() => settle("stalled"), timeout);
    visit.signal.addEventListener("abort", onAbort, { once: true });
    socket.on("data", () => timer.refresh());
    socket.on("end", () => settle("end"));
    socket.on("error", () => settle("broken"));
    socket.on("close", () => settle("end"));
    if (visit.signal.aborted) onAbort();
    // An empty listing may have ended before the 150 was read, and tells so once only.
    else if (socket.readableEnded || socket.destroyed) settle(socket.errored === null ? "end" : "broken");
    else begin(settle);
  });
}

/** The completion reply. When it does not come in time the connection is given up: it would come out of step. */
async function lateReply(control: Conversation): Promise<Reply<number> | undefined> {
  const reply = await unlessSilent(control.completion());
  if (reply === undefined) control.destroy();
  return reply;
}

/** The lines of a listing, without their ends; of one that was cut without the last, which may be half a line. */
export function linesOf({ bytes, cut }: Extract<DataOutcome, { kind: "done" }>): readonly string[] {
  const lines = decodeText(cut ? bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1) : bytes).split(/\r?\n/);
  return lines.filter((line) => line !== "");
}

/** A transfer that did not come about, in one sentence. */
export function outcomeText(outcome: Exclude<DataOutcome, { kind: "done" }>): string {
  switch (outcome.kind) {
    case "way-refused":
    case "refused":
      return `${outcome.verb} was answered ${replyText(outcome.reply)}`;
    case "no-port":
      return `no port in ${replyText(outcome.reply)}`;
    case "unreached":
      return `port ${outcome.port}: ${UNREACHED[outcome.why]}`;
    case "never-came":
      return `the server did not connect to us${afterwards(outcome.reply)}`;
    case "handshake":
      return `no TLS on the data connection: ${outcome.message}${afterwards(outcome.reply)}`;
    case "stalled":
      return `nothing came any more after ${outcome.bytes} bytes`;
    case "broken":
      return `the data connection broke after ${outcome.bytes} bytes${afterwards(outcome.reply)}`;
    case "unconfirmed":
      return `${outcome.bytes} bytes, and no completion reply`;
    case "failed":
      return `the transfer was answered ${replyText(outcome.reply)}`;
  }
}

function afterwards(reply: Reply<number> | undefined): string {
  return reply === undefined ? "" : `; then ${replyText(reply)}`;
}
