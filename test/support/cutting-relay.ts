/**
 * A network between a client and a server that breaks once: after so many bytes of one upload control and data
 * connection are reset, as when a router forgets them. Later connections go through. IPv4, passive mode.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const HOST = "127.0.0.1";

/** Who learns of the break at once. A server behind a dead link sees a client that has become silent. */
export type Notice = "both" | "client";

/** Both halves of a relayed control connection. */
type Control = readonly [client: Socket, server: Socket];

export class CuttingRelay implements AsyncDisposable {
  readonly #control: Server;
  readonly #sockets = new Set<Socket>();
  readonly #listeners = new Set<Server>();
  #plan:
    | { readonly kind: "cut"; readonly after: number; readonly notice: Notice }
    | { readonly kind: "through" };
  #cuts = 0;
  /** Called when all bytes before the break have been passed on; the break waits for it. */
  beforeCut: () => Promise<void> = async () => {};

  private constructor(target: number, after: number, notice: Notice) {
    this.#plan = { kind: "cut", after, notice };
    this.#control = createServer((client) => this.#relayControl(client, target));
    this.#listeners.add(this.#control);
  }

  /** Between clients and the server on port `target`; cuts the first upload when `after` bytes of it have passed. */
  static async start(target: number, after: number, notice: Notice = "both"): Promise<CuttingRelay> {
    const relay = new CuttingRelay(target, after, notice);
    await listening(relay.#control);
    return relay;
  }

  get port(): number {
    return (this.#control.address() as AddressInfo).port;
  }

  get cuts(): number {
    return this.#cuts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([...this.#listeners].map((listener) => new Promise((done) => listener.close(done))));
  }

  #relayControl(client: Socket, target: number): void {
    const server = this.#keep(connect(target, HOST));
    this.#keep(client);
    joinEnds(client, server);
    client.pipe(server);
    let rest = "";
    server.setEncoding("latin1");
    server.on("data", async (chunk: string) => {
      const lines = (rest + chunk).split("\r\n");
      rest = lines.pop() ?? "";
      server.pause();
      for (const line of lines)
        client.write(`${await this.#readdress(line, [client, server])}\r\n`, "latin1");
      server.resume();
    });
  }

  /** Has the data connection that a 227 or 229 promises come through the relay as well. */
  async #readdress(line: string, control: Control): Promise<string> {
    const extended = /^229 .*\(\|\|\|(\d+)\|\)/.exec(line);
    if (extended !== null) {
      const port = await this.#relayData(Number(extended[1]), control);
      return `229 Entering Extended Passive Mode (|||${port}|)`;
    }
    const classic = /^227 .*?\d+,\d+,\d+,\d+,(\d+),(\d+)/.exec(line);
    if (classic === null) return line;
    const port = await this.#relayData(Number(classic[1]) * 256 + Number(classic[2]), control);
    return `227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})`;
  }

  async #relayData(target: number, control: Control): Promise<number> {
    const listener = createServer({ pauseOnConnect: true }, (client) => {
      listener.close();
      this.#listeners.delete(listener);
      const server = this.#keep(connect(target, HOST));
      this.#keep(client);
      joinEnds(client, server);
      server.pipe(client);
      this.#relayUpload(client, server, control);
    });
    this.#listeners.add(listener);
    await listening(listener);
    return (listener.address() as AddressInfo).port;
  }

  #relayUpload(client: Socket, server: Socket, control: Control): void {
    let passed = 0;
    client.on("data", (chunk: Buffer) => {
      const plan = this.#plan;
      if (plan.kind === "through" || passed + chunk.length < plan.after) {
        passed += chunk.length;
        if (!server.write(chunk)) {
          client.pause();
          server.once("drain", () => client.resume());
        }
        return;
      }
      this.#plan = { kind: "through" };
      this.#cuts++;
      client.pause();
      server.write(chunk.subarray(0, plan.after - passed), async () => {
        await this.beforeCut();
        const [controlClient, controlServer] = control;
        if (plan.notice === "client") {
          // Their ends stay open towards the server, and nothing more goes through them.
          for (const socket of [client, controlClient]) socket.removeAllListeners("close");
          controlServer.removeAllListeners("data").pause();
        }
        const told = plan.notice === "client" ? [client, controlClient] : [client, server, ...control];
        for (const socket of told) socket.resetAndDestroy();
      });
    });
    client.on("end", () => server.end());
    client.resume();
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    return socket;
  }
}

/** What ends one side ends the other. */
function joinEnds(one: Socket, other: Socket): void {
  for (const [socket, partner] of [
    [one, other],
    [other, one],
  ] as const) {
    socket.on("error", () => partner.destroy());
    socket.on("close", () => partner.end());
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, HOST, resolve);
  });
}
