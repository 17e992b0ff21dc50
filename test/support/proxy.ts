/** Proxies for connections of the client: what they are asked is kept, and what they say is the test's. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

/** Talks with a client until it is told where to go on; undefined ends the connection. */
export type Greet = (socket: Socket, next: () => Promise<Buffer>) => Promise<ProxyTarget | undefined>;

export class TestProxy implements AsyncDisposable {
  readonly port: number;
  /** `host:port` of every connection that was passed on. */
  readonly targets: string[];
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, targets: string[], sockets: Set<Socket>) {
    this.port = (server.address() as AddressInfo).port;
    this.targets = targets;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async start(greet: Greet): Promise<TestProxy> {
    const targets: string[] = [];
    const sockets = new Set<Socket>();
    const server = createServer(async (socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      const target = await greet(socket, async () => ((await once(socket, "data")) as [Buffer])[0]);
      if (target === undefined) return void socket.end();
      targets.push(`${target.host}:${target.port}`);
      const onward = connect(target);
      sockets.add(onward);
      onward.on("error", () => socket.destroy());
      socket.pipe(onward).pipe(socket);
    });
    server.listen({ host: "127.0.0.1", port: 0 });
    await once(server, "listening");
    return new TestProxy(server, targets, sockets);
  }

  /** Breaks all connections, and takes new ones. */
  break(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.break();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** HTTP's CONNECT, for everybody. */
export const httpConnect: Greet = async (socket, next) => {
  const found = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(String(await next()));
  socket.write("HTTP/1.1 200 Go on\r\n\r\n");
  return { host: found?.[1] ?? "", port: Number(found?.[2]) };
};

/** SOCKS5 to IPv4 addresses, for everybody. */
export const socks5: Greet = async (socket, next) => {
  await next();
  socket.write(Buffer.from([5, 0]));
  const request = await next();
  socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  return { host: [...request.subarray(4, 8)].join("."), port: request.readUInt16BE(8) };
};
