/** A server that runs for a whole `describe`, and clients of it. */
import { after, before, describe } from "node:test";
import { type DataMode, FtpClient, type FtpClientOptions, FtpPool } from "ferry/client";
import { leakCheck } from "ferry/testing";
import { testCertificates } from "../../../support/certificates.js";
import { HOST } from "../../../support/real-servers/daemon.js";
import {
  type RealServer,
  type RealServerKind,
  type RealServerOptions,
  type RealTls,
  unlessServers,
} from "../../../support/real-servers/index.js";

/** How a session is made. */
export interface Way {
  readonly name: string;
  readonly dataMode: Exclude<DataMode, "auto">;
  readonly tls: RealTls;
}

export function waysOf({ abilities }: RealServerKind): Way[] {
  return abilities.tls.flatMap((tls) =>
    (["passive", "active"] as const).map((dataMode) => {
      const name = tls === "off" ? "in clear" : `${tls} TLS`;
      return { name: `${name}, ${dataMode}`, dataMode, tls };
    }),
  );
}

export class Context {
  #server: RealServer | undefined;
  #authority = "";
  readonly kind: RealServerKind;

  constructor(kind: RealServerKind) {
    this.kind = kind;
  }

  get server(): RealServer {
    if (this.#server === undefined) throw new Error("the server runs during the tests only");
    return this.#server;
  }

  get files(): RealServer["files"] {
    return this.server.files;
  }

  async start(o: RealServerOptions): Promise<void> {
    const { authority } = await testCertificates();
    this.#authority = authority.certificate;
    this.#server = await this.kind.start(o);
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  options(way: Partial<Way> = {}, o: Partial<FtpClientOptions> = {}): FtpClientOptions {
    const { port, user, password } = this.server;
    const { dataMode = "auto", tls = "off" } = way;
    const tlsOptions = { ca: this.#authority, serverName: "localhost" };
    return { host: HOST, port, user, password, dataMode, tls, tlsOptions, ...o };
  }

  /** In an empty folder. */
  async connect(way: Partial<Way> = {}, o: Partial<FtpClientOptions> = {}): Promise<FtpClient> {
    this.files.clear();
    const client = await FtpClient.connect(this.options(way, o));
    const { directory } = this.server;
    if (directory !== "") await client.changeDirectory(directory);
    return client;
  }

  /** In an empty folder, which is `remote("")`. */
  pool(
    way: Partial<Way> = {},
    o: Partial<FtpClientOptions> & { readonly connections?: number } = {},
  ): FtpPool {
    this.files.clear();
    const most = way.dataMode === "active" ? this.kind.abilities.activeSessions : undefined;
    return new FtpPool({ connections: most ?? 4, ...this.options(way, o) });
  }

  /** As a session sees a path when it has just logged in. */
  remote(path: string): string {
    const { directory } = this.server;
    if (directory === "" || path === "") return directory || path || ".";
    return `${directory}/${path}`;
  }
}

/** A `describe` with a server of its own; what the tests leave open shows. */
export function withServer(
  kind: RealServerKind,
  name: string,
  tests: (context: Context) => void,
  o: RealServerOptions = {},
): void {
  describe(`${kind.name}: ${name}`, { skip: unlessServers() }, () => {
    const context = new Context(kind);
    before(() => context.start(o));
    after(() => context.stop());
    leakCheck();
    tests(context);
  });
}
