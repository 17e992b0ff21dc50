/** What the tests know of a server that others wrote, and the folder that it serves. */
import {
  chmodSync,
  chownSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FtpDigestAlgorithm } from "ferry/client";
import { testCertificates } from "../certificates.js";
import type { Daemon } from "./daemon.js";

export const USER = "anna";
export const PASSWORD = "s3cret with spaces";
/** As crypt(3) has it, SHA-512. */
export const PASSWORD_HASH =
  "$6$ferrytests$Q64OrdG27UID5HXiYb9e4jSbMGzr5gWHkUuefD6Z4RLpGRQ3MiuD6dy46yT5S3TZFlDRbh/Xr618RaxZbqBFD/";

/** Who owns what the servers serve; nobody on any system. */
export const OWNER = { uid: 42_042, gid: 42_042 } as const;

export type RealTls = "off" | "explicit" | "implicit";

export interface RealServerOptions {
  /** "explicit" (the default) takes plain sessions too, where the server has TLS at all. */
  readonly tls?: RealTls;
  readonly maxSessions?: number;
  /** What 227 says, in place of the address that it is: as a server behind NAT does. */
  readonly passiveAddress?: string;
}

/** What a server can do; the tests show it. */
export interface Abilities {
  readonly tls: readonly RealTls[];
  /** MLSD and MLST. Without them times are those of LIST: minutes, or days. */
  readonly facts: boolean;
  readonly setTimes: boolean;
  readonly setMode: boolean;
  readonly digests: readonly FtpDigestAlgorithm[];
  /** Sessions at once that active data connections work for; absent: any number. */
  readonly activeSessions?: number;
  /** "stay": its DELE does not take them away. */
  readonly linksToFolders?: "stay";
  /** Whether names may have a backslash in them. */
  readonly backslashes: boolean;
}

export interface RealServerKind {
  readonly name: string;
  readonly abilities: Abilities;
  start(o?: RealServerOptions): Promise<RealServer>;
}

/** A server that runs, and the folder that its user sees at first. */
export class RealServer implements AsyncDisposable {
  readonly name: string;
  readonly files: RealFiles;
  readonly user: string;
  readonly password: string;
  /** The folder of `files`, for clients that have just logged in; "" for the one where they are. */
  readonly directory: string;
  readonly #daemon: Pick<Daemon, "port" | "log" | "stop" | "killSessions">;

  constructor(o: {
    readonly name: string;
    readonly daemon: Pick<Daemon, "port" | "log" | "stop" | "killSessions">;
    readonly files: RealFiles;
    readonly user?: string;
    readonly directory?: string;
  }) {
    this.name = o.name;
    this.files = o.files;
    this.user = o.user ?? USER;
    this.password = PASSWORD;
    this.directory = o.directory ?? "";
    this.#daemon = o.daemon;
  }

  get port(): number {
    return this.#daemon.port;
  }

  get log(): string {
    return this.#daemon.log;
  }

  /** As a crash does; the server itself goes on. */
  killSessions(): void {
    this.#daemon.killSessions();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon.stop();
    this.files.destroy();
  }
}

/** Seen from behind: the disk, not the server. Paths are relative to the folder that is served. */
export class RealFiles {
  /** For settings, logs and what else is not served. */
  readonly settings: string;
  readonly root: string;
  readonly #owner: { readonly uid: number; readonly gid: number };

  constructor(owner: { readonly uid: number; readonly gid: number } = OWNER) {
    this.settings = mkdtempSync(join(tmpdir(), "ferry-real-"));
    // The server goes through it as somebody else.
    chmodSync(this.settings, 0o755);
    this.#owner = owner;
    this.root = join(this.settings, "root");
    mkdirSync(this.root);
    this.#own(this.root);
  }

  /** One of the settings; nobody but root may read it. */
  setting(name: string, content: string): string {
    const path = join(this.settings, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  at(path: string): string {
    return join(this.root, path);
  }

  put(path: string, content: string | Uint8Array, modified?: number): void {
    this.makeDirectory(dirname(path));
    writeFileSync(this.at(path), content);
    this.#own(this.at(path));
    if (modified !== undefined) this.setTime(path, modified);
  }

  /** Milliseconds since the epoch. */
  setTime(path: string, modified: number): void {
    lutimesSync(this.at(path), modified / 1000, modified / 1000);
  }

  link(target: string, path: string): void {
    symlinkSync(target, this.at(path));
  }

  makeDirectory(path: string): void {
    if (path === "." || path === "") return;
    this.makeDirectory(dirname(path));
    mkdirSync(this.at(path), { recursive: true });
    this.#own(this.at(path));
  }

  get(path: string): Buffer {
    return readFileSync(this.at(path));
  }

  /** Milliseconds since the epoch. */
  modified(path: string): number {
    return statSync(this.at(path)).mtimeMs;
  }

  mode(path: string): number {
    return statSync(this.at(path)).mode & 0o7777;
  }

  has(path: string): boolean {
    return statSync(this.at(path), { throwIfNoEntry: false }) !== undefined;
  }

  /** Sorted. */
  names(path = ""): string[] {
    return readdirSync(this.at(path)).sort();
  }

  /** Back to an empty folder. */
  clear(): void {
    for (const name of this.names()) rmSync(this.at(name), { recursive: true });
  }

  destroy(): void {
    rmSync(this.settings, { recursive: true, force: true });
  }

  #own(path: string): void {
    chownSync(path, this.#owner.uid, this.#owner.gid);
  }
}

/** A PEM file with key and certificate, and one with the key alone. */
export async function certificateIn(files: RealFiles): Promise<string> {
  const { server } = await testCertificates();
  return files.setting("certificate.pem", server.key + server.certificate);
}

/** `Name value` lines, as ProFTPD and others have them. */
export function lines(settings: Readonly<Record<string, string | number>>, between = " "): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}${between}${value}\n`)
    .join("");
}
