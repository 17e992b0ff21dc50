/** How a data connection is asked for, and made: the way, before anything is moved. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { FtpConnectionError, FtpTimeoutError } from "../../client/errors.js";
import { addressFamily, sameAddress } from "../../connection/address.js";
import { waitFor } from "../../connection/deadline.js";
import {
  formatExtendedPort,
  formatPort,
  parseExtendedPassiveReply,
  parsePassiveReply,
} from "../../protocol/host-port.js";
import type { Reply } from "../../protocol/reply.js";
import { Breakdown, type Conversation } from "./conversation.js";
import type { Visit, Way } from "./visit.js";

/** Why a connection to an address did not come about. */
export type Unreached = "refused" | "hangs" | "unreachable";

export const UNREACHED: Readonly<Record<Unreached, string>> = {
  refused: "the connection is refused",
  hangs: "the connection is not answered",
  unreachable: "no way leads there",
};

/** Why there is no data connection. */
export type WayFailure =
  /** EPSV, PASV, PORT or EPRT. */
  | { readonly kind: "way-refused"; readonly verb: string; readonly reply: Reply<number> }
  | { readonly kind: "no-port"; readonly verb: string; readonly reply: Reply<number> }
  | { readonly kind: "unreached"; readonly why: Unreached; readonly port: number };

/** A data connection, or the way to one. */
export interface Prepared {
  /** The socket, connected; undefined when nobody comes in time. */
  socket(): Promise<Socket | undefined>;
  close(): void;
}

export function prepare(visit: Visit, control: Conversation, way: Way): Promise<Prepared | WayFailure> {
  return way === "active" ? listen(visit, control) : enter(visit, control, way);
}

export interface PassiveAnswer {
  readonly port: number;
  /** Of a 227. */
  readonly address?: string;
  readonly reply: Reply<number>;
}

/** The port of a passive reply; no connection is made. */
export async function passivePort(
  control: Conversation,
  verb: "EPSV" | "PASV",
): Promise<PassiveAnswer | WayFailure> {
  const reply = await control.ask(verb);
  if (reply.code !== (verb === "EPSV" ? 229 : 227)) return { kind: "way-refused", verb, reply };
  const text = reply.lines.join(" ");
  if (verb === "EPSV") {
    const port = parseExtendedPassiveReply(text);
    return port === undefined ? { kind: "no-port", verb, reply } : { port, reply };
  }
  const found = parsePassiveReply(text);
  return found === undefined
    ? { kind: "no-port", verb, reply }
    : { port: found.port, address: found.address, reply };
}

/** Always to the control connection's host: a server can have us connect anywhere else (CVE-2020-8284). */
export async function connectPassive(visit: Visit, port: number): Promise<Socket | Unreached> {
  try {
    return await visit.dial(visit.address, port);
  } catch (error) {
    return unreached(error);
  }
}

/** @throws what is not about the way to the other side */
export function unreached(error: unknown): Unreached {
  if (error instanceof FtpTimeoutError) return "hangs";
  if (!(error instanceof FtpConnectionError)) throw error;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (code === "ETIMEDOUT") return "hangs";
  return code === "ECONNREFUSED" || code === "ECONNRESET" ? "refused" : "unreachable";
}

async function enter(
  visit: Visit,
  control: Conversation,
  verb: "EPSV" | "PASV",
): Promise<Prepared | WayFailure> {
  const told = await passivePort(control, verb);
  if ("kind" in told) return told;
  const socket = await connectPassive(visit, told.port);
  if (typeof socket === "string") return { kind: "unreached", why: socket, port: told.port };
  return { socket: () => Promise.resolve(socket), close: () => socket.destroy() };
}

/** What PORT or EPRT says about us. */
async function listen(visit: Visit, control: Conversation): Promise<Prepared | WayFailure> {
  const address = control.localAddress;
  const server = createServer({ allowHalfOpen: true });
  const listening = await bound(server, address);
  const arrival = firstArrival(server, (peer) => sameAddress(peer, visit.address));
  const closing = new AbortController();
  const close = (): void => {
    closing.abort();
    server.close();
    void arrival.then((socket) => socket.destroy());
  };
  const { port } = listening;
  const isIpv4 = addressFamily(address) === 4;
  const verb = isIpv4 ? "PORT" : "EPRT";
  const argument = isIpv4 ? formatPort({ address, port }) : formatExtendedPort({ family: 6, address, port });
  let reply: Reply<number>;
  try {
    reply = await control.ask(verb, argument);
  } catch (error) {
    close();
    throw error;
  }
  if (reply.code >= 300) {
    close();
    return { kind: "way-refused", verb, reply };
  }
  return { socket: () => soon(visit, arrival, closing.signal), close };
}

async function bound(server: Server, host: string): Promise<AddressInfo> {
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port: 0 }, () => resolve(server.address() as AddressInfo));
  });
}

/** Whoever else comes is sent away. */
function firstArrival(server: Server, isPeer: (address: string) => boolean): Promise<Socket> {
  return new Promise((resolve) => {
    server.on("connection", (socket) => {
      socket.on("error", () => {});
      if (isPeer(socket.remoteAddress ?? "")) resolve(socket.pause());
      else socket.destroy();
    });
  });
}

/** Undefined when nobody comes in time, or is waited for any more. */
function soon(visit: Visit, arrival: Promise<Socket>, closing: AbortSignal): Promise<Socket | undefined> {
  return unlessSilent(
    waitFor<Socket | undefined>(
      {
        signal: visit.signal,
        timeout: visit.subject.timeout,
        timedOut: () => new Breakdown("silent", "nobody came"),
        aborted: () => new Breakdown("stopped", "stopped"),
      },
      (resolve) => {
        void arrival.then(resolve);
        closing.addEventListener("abort", () => resolve(undefined), { once: true });
        return () => {};
      },
    ),
  );
}

/** Undefined when no answer came in time. */
export async function unlessSilent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Breakdown && error.reason === "silent") return undefined;
    throw error;
  }
}
