/** Sessions of raw clients with a Ferry of one test: a served storage of either kind, on either family. */
import { test } from "node:test";
import { type AccountStore, type MemoryAccount, MemoryAccounts } from "ferry/accounts";
import type { Reply } from "ferry/protocol";
import { FtpServer, type ServerOptions } from "ferry/server";
import type { Storage } from "ferry/storage";
import { RawClient } from "ferry/testing";
import { type ServedFiles, STORAGES, type StorageKind } from "./files.js";
import { isOnCi } from "./program.js";
import { type Family, PASSWORD, USER, unlessFamily } from "./server.js";

/** May do everything, whatever the account of the test may do, and sees the files without its decoration. */
export const OWNER = "owner";
/** Another account with the rights of the test's own. */
export const OTHER = "berta";

export interface ServingOptions {
  /** "memory" when absent. */
  readonly storage?: StorageKind;
  /** "IPv4" when absent. */
  readonly family?: Family;
  readonly server?: Partial<Omit<ServerOptions, "accounts">>;
  readonly account?: Partial<
    Pick<MemoryAccount, "home" | "permissions" | "limits" | "mounts" | "certificates">
  >;
  /** What stands between the server and the files. */
  readonly decorate?: (storage: Storage) => Storage;
  /** What stands between the server and the accounts. */
  readonly accounts?: (usual: MemoryAccounts) => AccountStore;
}

export const HOSTS = { IPv4: "127.0.0.1", IPv6: "::1" } as const;

export class Serving implements AsyncDisposable {
  readonly files: ServedFiles;
  readonly server: FtpServer;
  readonly accounts: MemoryAccounts;
  readonly family: Family;
  readonly host: string;
  readonly port: number;
  readonly #clients: RawClient[] = [];

  private constructor(files: ServedFiles, server: FtpServer, accounts: MemoryAccounts) {
    const [listening] = server.addresses;
    if (listening === undefined) throw new Error("the server listens nowhere");
    this.files = files;
    this.server = server;
    this.accounts = accounts;
    this.family = listening.family;
    this.host = listening.address;
    this.port = listening.port;
  }

  static async start(o: ServingOptions = {}): Promise<Serving> {
    const files = STORAGES[o.storage ?? "memory"]();
    const { decorate = (storage) => storage } = o;
    const account = {
      password: PASSWORD,
      ...o.account,
      storage: async ({ name }: { name: string }) => decorate(await files.open(name)),
    };
    const accounts = new MemoryAccounts([
      { ...account, name: USER },
      { ...account, name: OTHER },
      { name: OWNER, password: PASSWORD, storage: ({ name }) => files.open(name) },
    ]);
    const server = new FtpServer({
      ...o.server,
      timeouts: { failedLogin: 1, ...o.server?.timeouts },
      accounts: o.accounts?.(accounts) ?? accounts,
    });
    await server.listen({ hosts: [HOSTS[o.family ?? "IPv4"]], port: 0 });
    return new Serving(files, server, accounts);
  }

  /** A client that has read nothing yet. */
  async open(): Promise<RawClient> {
    const client = await RawClient.connect({ host: this.host, port: this.port });
    this.#clients.push(client);
    return client;
  }

  /** A client that has read the welcome. */
  async connect(): Promise<RawClient> {
    const client = await this.open();
    await client.reply();
    return client;
  }

  async login(name: string = USER): Promise<RawClient> {
    const client = await this.open();
    await client.login(name, PASSWORD);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    await this.server.destroy();
    this.files.destroy();
  }
}

export interface Scene {
  readonly served: Serving;
  readonly files: ServedFiles;
  /** Logged in. */
  readonly client: RawClient;
}

type Body = (scene: Scene) => Promise<void>;

/** One test, over IPv4 with the memory storage unless `o` says otherwise. */
export function somewhere(name: string, body: Body, o: ServingOptions = {}): void {
  test(name, async () => {
    await using served = await Serving.start(o);
    const client = await served.login();
    await body({ served, files: served.files, client });
  });
}

/** One test with each storage, over IPv4: for what no address changes. */
export function withEachStorage(name: string, body: Body, o: ServingOptions = {}): void {
  for (const storage of ["memory", "local"] as const) {
    somewhere(`${name} (${storage} storage)`, body, { ...o, storage });
  }
}

const FAMILIES: readonly Family[] = ["IPv4", "IPv6"];

/** One test for each storage over each family. */
export function everywhere(name: string, body: Body, o: ServingOptions = {}, families = FAMILIES): void {
  for (const family of families) {
    for (const storage of ["memory", "local"] as const) {
      const skip = !isOnCi() && unlessFamily(family);
      test(`${name} (${family}, ${storage} storage)`, { skip }, async () => {
        await using served = await Serving.start({ ...o, family, storage });
        const client = await served.login();
        await body({ served, files: served.files, client });
      });
    }
  }
}

export function codesOf(replies: readonly Reply<number>[]): number[] {
  return replies.map(({ code }) => code);
}

/** All lines, as one text. */
export function textOf({ lines }: Reply<number>): string {
  return lines.join("\n");
}

/** Resolves when the server knows that the client's data connection is there. STAT tells. */
export async function established(client: RawClient): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const status = textOf(await client.expect("STAT", 211));
    if (status.includes("Data connection open, no transfer")) return;
  }
  throw new Error("the server does not see the data connection");
}

/** Each is an exchange of its own, in which an accepted connection is seen. */
const MOST_ROUNDS = 1000;
