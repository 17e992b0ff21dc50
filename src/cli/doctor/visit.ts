/** One visit to a server: what was asked for, what is known so far, and the connections that probes use. */
import { isIP, type Socket } from "node:net";
import type { ConnectionOptions, PeerCertificate } from "node:tls";
import type { TraceLine } from "../../client/options.js";
import { dial, type Route } from "../../client/session/dial.js";
import { parseProxy } from "../../client/session/proxy.js";
import { type FtpTlsOptions, type TlsMode, tlsSettingsOf } from "../../client/tls-options.js";
import type { FactLine } from "../../protocol/facts.js";
import type { Features } from "../../protocol/features.js";
import type { ListedLine } from "../../protocol/listing/line.js";
import type { Reply } from "../../protocol/reply.js";
import { Breakdown, Conversation } from "./conversation.js";
import { type Software, softwareIn } from "./software.js";

/** What the user asked for. */
export interface Subject {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly account?: string | undefined;
  /** The folder that is looked at; the login directory when empty. */
  readonly path: string;
  readonly tls: TlsMode;
  readonly tlsOptions: FtpTlsOptions;
  /** Milliseconds for each answer. */
  readonly timeout: number;
  readonly proxy?: string | undefined;
  /** Whether data connections are meant to be active: then it is a problem when they cannot be. */
  readonly active: boolean;
  /** Whether a file of ours may be written, and removed again. */
  readonly write: boolean;
  /** The file that is downloaded from, instead of the first that is found. */
  readonly file?: string | undefined;
  /** How many sessions are tried at once; 1 when nobody asked. */
  readonly sessions: number;
  readonly trace: (line: TraceLine) => void;
}

/** What is taken from outside, so that tests can give another. */
export interface World {
  lookup(host: string): Promise<readonly Address[]>;
  now(): number;
  /** Milliseconds from which on a greeting is slow. */
  readonly slowGreeting: number;
}

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export type Way = "EPSV" | "PASV" | "active";

export interface ListedFile {
  readonly name: string;
  readonly size: number | undefined;
}

export interface TlsPeer {
  readonly certificate: PeerCertificate;
  /** OpenSSL's code, such as "CERT_HAS_EXPIRED"; absent when the chain is good. */
  readonly chainError: string | undefined;
  /** Why the certificate is not that of the host. */
  readonly nameError: string | undefined;
}

/** What probes have found out, for those after them. */
export interface Facts {
  addresses?: readonly Address[];
  /** The one that answers. */
  address?: Address;
  greeting?: Reply<number>;
  software?: Software;
  /** How the server is to be logged in to. Absent when no password may be sent. */
  security?: "clear" | "tls";
  tlsPeer?: TlsPeer;
  login?: true;
  /** Where sessions go after the login; the login directory when absent. */
  folder?: string;
  features?: Features;
  /** Whether data connections are protected (PROT P). */
  protection?: "private" | "clear";
  /** False when data connections that resume the TLS session fail, and others do not. */
  resume?: false;
  /** Why EPSV has no port. */
  epsv?: "refused" | "no-port";
  /** The passive ones that can be connected to. */
  passive?: readonly Way[];
  /** The first that works. */
  way?: Way;
  /** The lines of LIST, decoded as protocol/text.ts does it. */
  listing?: readonly string[];
  /** Of the folder, as LIST and MLSD tell it. */
  listed?: readonly ListedLine[];
  facted?: readonly FactLine[];
  file?: ListedFile;
}

/** What a probe may ask for. */
export type Need = "addresses" | "address" | "greeting" | "security" | "login" | "way" | "listing" | "file";

/** Why a login did not come about. */
export class LoginRefused extends Error {
  override readonly name = "LoginRefused";
  readonly verb: string;
  readonly reply: Reply<number>;

  constructor(verb: string, reply: Reply<number>) {
    super(`${verb} was refused`);
    this.verb = verb;
    this.reply = reply;
  }
}

export class Visit {
  readonly subject: Subject;
  readonly world: World;
  readonly facts: Facts = {};
  readonly route: Route;
  #signal: AbortSignal;
  #session: Conversation | undefined;
  readonly #open = new Set<{ destroy(): void }>();

  constructor(subject: Subject, world: World, signal: AbortSignal) {
    this.subject = subject;
    this.world = world;
    this.#signal = signal;
    const proxy = subject.proxy === undefined ? undefined : parseProxy(subject.proxy);
    this.route = { proxy, localAddress: undefined };
    if (subject.tls === "off") this.facts.security = "clear";
  }

  /** From what the server says of itself; its first word counts. */
  learnSoftware(texts: readonly string[]): void {
    const software = softwareIn(texts);
    if (software !== undefined) this.facts.software ??= software;
  }

  /** Ends the probe that runs. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** For the next probe. */
  begin(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** Whether a proxy stands between: then nobody can connect to us. */
  get proxied(): boolean {
    return this.route.proxy !== undefined;
  }

  /** What data connections go to, and what is shown of it. */
  get address(): string {
    return this.facts.address?.address ?? this.subject.host;
  }

  /** For Node's TLS. `versions`: others than those that clients of today have. */
  tlsOptions(versions: Pick<FtpTlsOptions, "minVersion" | "maxVersion"> = {}): ConnectionOptions {
    const { host, tls, tlsOptions } = this.subject;
    const settings = tlsSettingsOf(tls, { ...tlsOptions, ...versions }, host);
    // An address has no place in SNI (RFC 6066 3).
    const name = isIP(host) === 0 ? { servername: host } : {};
    return { host, ...name, ...(settings !== undefined && { secureContext: settings.client.context }) };
  }

  /** A connected socket, which is closed at the end of the visit at the latest. @throws what dial throws */
  async dial(host: string, port: number): Promise<Socket> {
    const { timeout } = this.subject;
    const socket = await dial({ host, port }, this.route, { signal: this.#signal, timeout });
    return this.track(socket);
  }

  track<T extends { destroy(): void }>(resource: T): T {
    this.#open.add(resource);
    return resource;
  }

  /** A control connection that nobody has heard yet; TLS where it begins at once. @throws Breakdown */
  async connected(): Promise<Conversation> {
    const socket = await this.dial(this.address, this.subject.port);
    const { timeout, trace } = this.subject;
    const signalNow = (): AbortSignal => this.#signal;
    return this.track(
      new Conversation(socket, {
        timeout,
        trace,
        // A session outlives the probe that opened it.
        get signal() {
          return signalNow();
        },
      }),
    );
  }

  /** As {@link connected}, and greeted by a 220, and with TLS where that is how it is done. */
  async greeted(): Promise<Conversation> {
    const conversation = await this.connected();
    const { security } = this.facts;
    const secured = security === "tls";
    if (secured && this.subject.tls === "implicit") await this.#secureAgain(conversation);
    const greeting = await conversation.completion();
    if (greeting.code >= 300) throw new LoginRefused("connecting", greeting);
    if (secured && this.subject.tls !== "implicit") {
      const reply = await conversation.ask("AUTH", "TLS");
      if (reply.code !== 234) throw new LoginRefused("AUTH TLS", reply);
      await this.#secureAgain(conversation);
    }
    return conversation;
  }

  /** The certificate was looked at once: a password goes to nobody who has another one. @throws Breakdown */
  async #secureAgain(conversation: Conversation): Promise<void> {
    const { fingerprint256 } = (await conversation.secure(this.tlsOptions())).getPeerCertificate();
    if (fingerprint256 === this.facts.tlsPeer?.certificate.fingerprint256) return;
    conversation.destroy();
    throw new Breakdown("handshake", "the server has another certificate than before");
  }

  /** Another session beside the one that probes share. @throws Breakdown, LoginRefused */
  async anotherSession(): Promise<Conversation> {
    const conversation = await this.greeted();
    const { user, password, account } = this.subject;
    let reply = await conversation.ask("USER", user);
    let verb = "USER";
    if (reply.code === 331) {
      verb = "PASS";
      reply = await conversation.ask("PASS", password);
    }
    if (reply.code === 332 && account !== undefined) {
      verb = "ACCT";
      reply = await conversation.ask("ACCT", account);
    }
    if (reply.code >= 300) throw new LoginRefused(verb, reply);
    if (this.facts.protection === "private") {
      await conversation.ask("PBSZ", "0");
      await conversation.ask("PROT", "P");
    }
    if (this.facts.folder !== undefined) await conversation.ask("CWD", this.facts.folder);
    return conversation;
  }

  /** The session that probes share; a new one when the last one was lost. @throws Breakdown, LoginRefused */
  async session(): Promise<Conversation> {
    if (this.#session === undefined || this.#session.ended !== undefined) {
      this.#session = await this.anotherSession();
    }
    return this.#session;
  }

  /** After a probe that left it out of step, or may have. */
  dropSession(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  async close(): Promise<void> {
    await this.#session?.close();
    for (const resource of this.#open) resource.destroy();
    this.#open.clear();
  }
}

/** What went wrong, for a person. */
export function reasonOf(error: unknown): string {
  if (error instanceof Breakdown)
    return error.heard === "" ? error.message : `${error.message}: ${error.heard}`;
  if (error instanceof LoginRefused) return `${error.message}: ${error.reply.code} ${error.reply.lines[0]}`;
  return error instanceof Error ? error.message : String(error);
}
