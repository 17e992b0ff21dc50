/** A Ferry on a free port of the loopback, for one test; when it ends, nothing of it may be left. */
import { networkInterfaces } from "node:os";
import { type AccountStore, type MemoryAccount, MemoryAccounts } from "ferry/accounts";
import type { FtpClientOptions } from "ferry/client";
import { FtpServer, type ServerOptions, TlsIdentities, TlsIdentity, type TlsOptions } from "ferry/server";
import { LeakCheck } from "ferry/testing";
import { testCertificates } from "./certificates.js";
import { type ServedFiles, STORAGES, type StorageKind } from "./files.js";

export const USER = "anna";
/** With what has to be quoted somewhere, in URLs above all. */
export const PASSWORD = "Pa55 w@rd:/";

/** For a client that logs in there. */
export function optionsFor(
  { host, port }: { readonly host: string; readonly port: number },
  o: Partial<FtpClientOptions> = {},
): FtpClientOptions {
  return { host, port, user: USER, password: PASSWORD, ...o };
}

export type Family = "IPv4" | "IPv6";

const HOSTS: Readonly<Record<Family, string>> = { IPv4: "127.0.0.1", IPv6: "::1" };

export interface ServeOptions {
  readonly storage?: StorageKind;
  readonly family?: Family;
  readonly server?: Partial<Omit<ServerOptions, "accounts">>;
  /** Turns TLS on, with the certificate of the tests unless it is told another, and implicit TLS on a second port. */
  readonly tls?: Partial<TlsOptions>;
  /** What the account has besides name, password and storage. */
  readonly account?: Partial<MemoryAccount>;
  /** In place of that one account. */
  readonly accounts?: AccountStore;
}

export class TestServer implements AsyncDisposable {
  readonly files: ServedFiles;
  readonly host: string;
  readonly port: number;
  /** "127.0.0.1:2121" or "[::1]:2121". */
  readonly authority: string;
  /** The verbs of all sessions so far, as they were answered. */
  readonly verbs: readonly string[];
  /** Of implicit TLS; 0 without TLS. */
  readonly implicitPort: number;
  /** Why sessions ended, as "disconnect" events tell it. */
  readonly endings: readonly string[];
  readonly ftp: FtpServer;
  readonly #leaks: LeakCheck;

  private constructor(files: ServedFiles, server: FtpServer, host: string, leaks: LeakCheck) {
    const port = server.addresses[0]?.port ?? 0;
    this.implicitPort = server.addresses.find(({ implicitTls }) => implicitTls === true)?.port ?? 0;
    this.files = files;
    this.host = host;
    this.port = port;
    this.authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    this.ftp = server;
    this.#leaks = leaks;
    const verbs: string[] = [];
    server.on("command", ({ verb }) => verbs.push(verb));
    this.verbs = verbs;
    const endings: string[] = [];
    server.on("disconnect", ({ reason }) => endings.push(reason));
    this.endings = endings;
  }

  static async start({
    storage = "local",
    family = "IPv4",
    server = {},
    tls,
    account = {},
    accounts,
  }: ServeOptions = {}): Promise<TestServer> {
    const identities = tls === undefined ? undefined : (tls.identities ?? (await testIdentities()));
    const leaks = new LeakCheck();
    leaks.begin();
    const files = STORAGES[storage]();
    const own = new MemoryAccounts([
      {
        name: USER,
        password: PASSWORD,
        storage: ({ name }) => files.open(name),
        ...account,
      } as MemoryAccount,
    ]);
    const secured = identities === undefined ? {} : { tls: { ...tls, identities } };
    const ftp = new FtpServer({ ...server, ...secured, accounts: accounts ?? own });
    const host = HOSTS[family];
    await ftp.listen({ hosts: [host], port: 0, ...(tls === undefined ? {} : { implicitTls: { port: 0 } }) });
    return new TestServer(files, ftp, host, leaks);
  }

  /** "ftp://anna:…@127.0.0.1:2121/docs/a%20b": the path is seen from the login directory. */
  url(path = ""): string {
    const name = path.split("/").map(encodeURIComponent).join("/");
    return `ftp://${USER}:${encodeURIComponent(PASSWORD)}@${this.authority}/${name}`;
  }

  /** How data connections were asked for: "EPSV", "PASV", "EPRT", "PORT", each once. */
  get dataVerbs(): readonly string[] {
    return [...new Set(this.verbs.filter((verb) => /^(?:EPSV|PASV|EPRT|PORT)$/.test(verb)))].sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ftp.close();
    this.files.destroy();
    await this.#leaks.end();
  }
}

/** For a test's `skip`. Loopback addresses count, which is all that is needed. */
export function unlessFamily(family: Family): string | false {
  const there = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === HOSTS[family]),
  );
  return there ? false : `this machine has no ${family}`;
}

export async function testIdentities(): Promise<TlsIdentities> {
  const { server } = await testCertificates();
  return new TlsIdentities(new TlsIdentity(server));
}
