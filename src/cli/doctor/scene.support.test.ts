/** A server with nothing wrong, and what the doctor finds when something of it is replaced. */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { Worker } from "node:worker_threads";
import { formatTimestamp } from "../../protocol/timestamp.js";
import {
  type Script,
  type ScriptedAnswer,
  type ScriptedPeer,
  ScriptedServer,
} from "../../testing/scripted-server.js";
import { makeSelfSigned } from "../serve/self-signed.js";
import { examine } from "./examination.js";
import type { Finding } from "./finding.js";
import type { Subject, World } from "./visit.js";

export const FILE = Buffer.from(Array.from({ length: 5000 }, (_, n) => (n * n) % 251));
/** 20 November 2026, 12:00 UTC. */
export const NOW = Date.UTC(2026, 10, 20, 12);

export type Answers = Readonly<Record<string, ScriptedAnswer>>;

/** Where the next transfer of a session begins. */
const starts = new WeakMap<ScriptedPeer, number>();
const sizes = new WeakMap<ScriptedPeer, number>();

/** Of a server whose one file was written half an hour ago. */
export function healthy(now: number): Answers {
  const modified = now - HALF_AN_HOUR;
  return {
    FEAT: [
      "211-Features:",
      " UTF8",
      " SIZE",
      " MDTM",
      " MFMT",
      " EPSV",
      " REST STREAM",
      " MLST type*;size*;modify*;",
      "211 End",
    ],
    SYST: "215 UNIX Type: L8",
    STAT: ["211-Status:", " Session timeout in seconds is 300", "211 End"],
    LIST: (peer) => sendData(peer, listLine(modified)),
    MLSD: (peer) => sendData(peer, factLine(modified)),
    REST: (peer, argument) => {
      starts.set(peer, Number(argument));
      peer.reply("350 Go on.");
    },
    RETR: async (peer) => {
      const start = starts.get(peer) ?? 0;
      starts.delete(peer);
      await sendData(peer, FILE.subarray(start));
    },
    SIZE: (peer, name) => peer.reply(name === "file.bin" ? "213 5000" : `213 ${sizes.get(peer) ?? 0}`),
    MDTM: (peer, name) =>
      peer.reply(`213 ${times.get(peer) ?? formatTimestamp(name === "file.bin" ? modified : now)}`),
    MFMT: (peer, argument) => {
      times.set(peer, argument.slice(0, 14));
      peer.reply(`213 Modify=${argument}`);
    },
    STOR: async (peer, name) => {
      names.set(peer, name);
      sizes.set(peer, await receiveData(peer));
    },
    NLST: (peer) => sendData(peer, `file.bin\r\n${names.get(peer) ?? ""}\r\n`),
    DELE: "250 Gone.",
  };
}

const HALF_AN_HOUR = 30 * 60_000;

/** A line of LIST, in UTC. */
export function listLine(modified: number, name = "file.bin"): string {
  const [, day, month, , time = ""] = new Date(modified).toUTCString().split(" ");
  return `-rw-r--r-- 1 a b 5000 ${month} ${day} ${time.slice(0, 5)} ${name}\r\n`;
}

export function factLine(modified: number): string {
  return `type=file;size=5000;modify=${formatTimestamp(modified)}; file.bin\r\n`;
}

const times = new WeakMap<ScriptedPeer, string>();
const names = new WeakMap<ScriptedPeer, string>();

/** 150, the bytes, and 226; in TLS after PROT P; 426 when the client breaks it off. */
export async function sendData(peer: ScriptedPeer, bytes: string | Uint8Array): Promise<void> {
  peer.reply("150 Here it comes.");
  try {
    const socket = await dataOf(peer);
    await new Promise((resolve, reject) => {
      socket.once("close", resolve).once("error", reject);
      socket.resume().end(bytes);
    });
  } catch {
    return peer.reply("426 Broken off.");
  }
  peer.reply("226 Done.");
}

async function receiveData(peer: ScriptedPeer): Promise<number> {
  peer.reply("150 Send it.");
  const socket = await dataOf(peer);
  let length = 0;
  for await (const chunk of socket) length += (chunk as Buffer).length;
  socket.end();
  peer.reply("226 Stored.");
  return length;
}

interface Protection {
  readonly secureContext: SecureContext;
}

const protections = new WeakMap<ScriptedPeer, Protection>();

export async function dataOf(peer: ScriptedPeer): Promise<Socket> {
  const tls = protections.get(peer);
  return tls === undefined ? await peer.data() : await peer.protectedData(tls);
}

/** What AUTH, PBSZ and PROT answer; `data`: the context of data connections, when it is another. */
export function withTls(
  secureContext: SecureContext,
  data: () => SecureContext = () => secureContext,
): Answers {
  return {
    AUTH: async (peer) => {
      peer.reply("234 Begin.");
      await peer.protect({ secureContext });
    },
    PBSZ: "200 Okay.",
    PROT: (peer) => {
      peer.reply("200 Okay.");
      protections.set(peer, { secureContext: data() });
    },
  };
}

/** Whether a data connection in TLS has resumed a session. */
export function isResumed(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.isSessionReused();
}

export interface TestIdentity {
  readonly pem: string;
  readonly context: SecureContext;
}

const DAY = 24 * 3600 * 1000;

/** Vouches for itself; made `age` days ago, for ten years. */
export async function identity(age = 1, hosts: readonly string[] = ["localhost"]): Promise<TestIdentity> {
  const pem = await makeSelfSigned(hosts, Date.now() - age * DAY);
  return { pem, context: contextOf(pem) };
}

export function contextOf(pem: string): SecureContext {
  return createSecureContext({ key: pem, cert: pem });
}

export interface Scene {
  readonly script?: Script;
  readonly subject?: Partial<Subject>;
  readonly world?: Partial<World>;
}

/** What is found at a scripted server that is healthy but for what the scene says. */
export async function examined({
  script = {},
  subject = {},
  world = {},
}: Scene = {}): Promise<readonly Finding[]> {
  await using server = await ScriptedServer.start({
    ...script,
    answers: { ...healthy((world.now ?? fixed)()), ...script.answers },
  });
  return await examinedAt({ port: server.port, ...subject }, world);
}

const fixed = (): number => NOW;

/** What is found at any port. */
export async function examinedAt(
  subject: Partial<Subject> & Pick<Subject, "port">,
  world: Partial<World> = {},
): Promise<readonly Finding[]> {
  const { findings } = await examine(
    {
      host: "127.0.0.1",
      user: "anna",
      password: "secret",
      path: "",
      tls: "off",
      tlsOptions: {},
      timeout: 5000,
      active: false,
      write: false,
      sessions: 1,
      trace: () => {},
      ...subject,
    },
    {
      lookup: () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
      now: fixed,
      slowGreeting: 3000,
      ...world,
    },
    new AbortController().signal,
  );
  return findings;
}

/** Short, for scenes where something is waited for in vain. */
export const SOON = 250;

/** A port of the loopback where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

export async function portOf(server: Server, host = "127.0.0.1"): Promise<number> {
  server.listen({ port: 0, host });
  await once(server, "listening");
  return (server.address() as { port: number }).port;
}

/**
 * A port of the loopback whose connections are not answered: its listener accepts nobody, and its queue is full,
 * so that the kernel drops what comes.
 */
export class HangingPort implements AsyncDisposable {
  readonly port: number;
  readonly #worker: Worker;
  readonly #waiting: readonly Socket[];

  private constructor(port: number, worker: Worker, waiting: readonly Socket[]) {
    this.port = port;
    this.#worker = worker;
    this.#waiting = waiting;
  }

  static async open(): Promise<HangingPort> {
    // Its thread sleeps: Node would accept whoever comes.
    const program = `
      const { parentPort } = require("node:worker_threads");
      const server = require("node:net").createServer();
      server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
        parentPort.postMessage(server.address().port);
        setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
      });`;
    const worker = new Worker(program, { eval: true });
    const [port] = (await once(worker, "message")) as [number];
    const waiting = Array.from({ length: 4 }, () =>
      connect({ port, host: "127.0.0.1" }).on("error", () => {}),
    );
    // Two fill the queue; from the third on the kernel does not answer.
    await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, "connect")));
    return new HangingPort(port, worker, waiting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#waiting) socket.destroy();
    await this.#worker.terminate();
  }
}
