/** The data connection of a raw client: a socket that connects, or that the server connects to. */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Reply } from "../protocol/reply.js";
import { type Wait, within } from "./waiting.js";

export class RawData implements AsyncDisposable {
  /** What gave us the address; absent for active connections. */
  readonly reply: Reply<number> | undefined;
  /** The server's port, or ours where it shall connect to. */
  readonly port: number;
  readonly #wait: Wait;
  readonly #socket: Promise<Socket>;
  readonly #giveUp: () => Promise<void>;

  private constructor(
    socket: Promise<Socket>,
    giveUp: () => Promise<void>,
    o: { readonly reply?: Reply<number>; readonly port: number; readonly wait: Wait },
  ) {
    // Whoever asks for it is told; nobody has to ask.
    socket.catch(() => {});
    this.#socket = socket;
    this.#giveUp = giveUp;
    this.reply = o.reply;
    this.port = o.port;
    this.#wait = o.wait;
  }

  static connect(
    to: { readonly host: string; readonly port: number },
    reply: Reply<number>,
    wait: Wait,
  ): RawData {
    const socket = connect({ ...to, allowHalfOpen: true, noDelay: true });
    socket.on("error", () => {});
    const opened = new Promise<Socket>((resolve, reject) => {
      socket.once("connect", () => resolve(socket)).once("error", reject);
    });
    return new RawData(opened, () => closing(socket), { reply, port: to.port, wait });
  }

  static async listen(address: string, wait: Wait): Promise<RawData> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    server.listen({ host: address, port: 0 });
    await within(once(server, "listening"), wait, `cannot listen on ${address}`);
    const { port } = server.address() as AddressInfo;
    let accepted: Socket | undefined;
    const opened = new Promise<Socket>((resolve, reject) => {
      server.once("connection", (socket) => {
        accepted = socket;
        socket.on("error", () => {});
        server.close();
        resolve(socket);
      });
      server.once("close", () => reject(new Error("the server did not connect")));
    });
    const giveUp = async (): Promise<void> => {
      // Its close event waits for the connections that it has accepted.
      if (accepted !== undefined) await closing(accepted);
      await closed(server);
    };
    return new RawData(opened, giveUp, { port, wait });
  }

  /** The open socket, with nothing read from it yet. */
  socket(wait: Wait = {}): Promise<Socket> {
    return within(this.#socket, { ...this.#wait, ...wait }, "no data connection");
  }

  /** All that comes until the end, or until the connection breaks. The timeout is for each wait for more. */
  async receiveAll(wait: Wait = {}): Promise<{ readonly bytes: Buffer; readonly ended: "end" | "reset" }> {
    const socket = await this.socket(wait);
    const chunks: Buffer[] = [];
    const source = socket.iterator({ destroyOnReturn: false });
    let ended: "end" | "reset" | undefined;
    while (ended === undefined) {
      const next = source.next().catch(() => "reset" as const);
      const chunk = await within(next, { ...this.#wait, ...wait }, "the data connection stands still");
      if (chunk === "reset") ended = "reset";
      else if (chunk.done === true) ended = "end";
      else chunks.push(chunk.value as Buffer);
    }
    // A client that saw the end closes its side too.
    if (ended === "end") socket.end();
    return { bytes: Buffer.concat(chunks), ended };
  }

  /** Resolves when the bytes were handed to the system. @throws when the server closed before. */
  async send(bytes: string | Uint8Array, wait: Wait = {}): Promise<void> {
    const socket = await this.socket(wait);
    const written = new Promise<void>((resolve, reject) => {
      socket.write(bytes, (error) => (error == null ? resolve() : reject(error)));
    });
    await within(written, { ...this.#wait, ...wait }, "the server takes no data");
  }

  /** Ends our side: the end of file in stream mode. */
  async end(wait: Wait = {}): Promise<void> {
    (await this.socket(wait)).end();
  }

  /** Breaks it with a RST. */
  async reset(wait: Wait = {}): Promise<void> {
    const socket = await this.socket(wait);
    const gone = once(socket, "close");
    socket.resetAndDestroy();
    await gone;
  }

  /** Closes it, or stops waiting for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#giveUp();
  }
}

async function closing(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const gone = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy();
  await gone;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
