/** The control connection (RFC 959 2.3): a TCP connection that carries lines one way and replies the other. */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { encodeText } from "../protocol/text.js";
import { type ClientHello, parseClientHello } from "./tls/client-hello.js";
import { RecordPipe } from "./tls/record-pipe.js";

/** Characters that are handed to the socket at the latest, so that `congested` can tell in time. */
const MOST_UNFLUSHED = 16 * 1024;

/** Turns bytes into whole messages; see command-line.ts and reply-decoder.ts. */
export interface MessageDecoder<Message> {
  /** Bytes that no message was made of yet. */
  readonly buffered: number;
  push(chunk: Uint8Array): void;
  next(): Message | undefined;
}

/** What the protocol interpreter at the end of a control connection is told. */
export interface ControlListener {
  /** Bytes came, and messages may be complete: take them with `next()` until there is none. */
  onInput(): void;
  /** Replies that had piled up are written: input may be taken again. */
  onDrain(): void;
  /** The peer sends nothing more, but can still be answered. */
  onEnd(): void;
  /** The connection is gone; nothing can be written any more. Called once. */
  onClose(error: Error | undefined): void;
}

/** The socket must have been made with `allowHalfOpen`, so that what came before a FIN is still answered. */
export class ControlConnection<Message> {
  /** What lines go over: the TCP socket, or TLS on it. */
  #socket: Socket;
  /** While one layer ends and another begins nothing can be said. */
  #changing = false;
  /** What TLS was begun on, if it may be cleared again. */
  #clearable: { readonly plain: Socket; readonly pipe: RecordPipe; readonly tls: TLSSocket } | undefined;
  readonly #decoder: MessageDecoder<Message>;
  readonly #listener: ControlListener;
  #output = "";
  #error: Error | undefined;

  constructor(socket: Socket, decoder: MessageDecoder<Message>, listener: ControlListener) {
    this.#socket = socket;
    this.#decoder = decoder;
    this.#listener = listener;
    // Nagle's algorithm would hold the 226 back until the 150 is acknowledged (study/speed.md, pitfall 6).
    socket.setNoDelay(true);
    // Tells a peer that vanished without a word from one that is only silent (study/field.md, theme 4).
    socket.setKeepAlive(true, 60_000);
    this.#listen(socket);
    socket.on("error", this.#onError);
    socket.on("close", () => this.#listener.onClose(this.#error));
  }

  /** Whether bytes have come that were not asked for: behind AUTH they were said in clear (CVE-2011-1575). */
  get holdsInput(): boolean {
    return this.#decoder.buffered > 0 || this.#socket.readableLength > 0;
  }

  /**
   * Begins TLS. To be called in the turn in which the reply to AUTH was written: what comes from now on is TLS's,
   * and anything else ends the connection. `accept` gets the socket, with the ClientHello put back. `timeout`:
   * milliseconds. `clearable`: whether `clear` may end TLS again, which costs memory.
   * Never rejects: when TLS does not come about the answer is false, and the connection is being closed.
   */
  async protect(
    accept: (stream: Duplex, hello: ClientHello) => Promise<TLSSocket>,
    { timeout, clearable }: { readonly timeout: number; readonly clearable: boolean },
  ): Promise<boolean> {
    const plain = this.#socket;
    const deadline = setTimeout(() => plain.destroy(new Error("the TLS handshake took too long")), timeout);
    try {
      await this.#secure(async () => {
        const hello = await readHello(plain);
        const pipe = clearable ? new RecordPipe(plain) : undefined;
        pipe?.on("error", this.#onError);
        const tls = await accept(pipe ?? plain, hello);
        if (pipe !== undefined) this.#clearable = { plain, pipe, tls };
        return tls;
      });
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(deadline);
    }
  }

  /**
   * As {@link protect}, for the end that speaks first in TLS. The caller has a deadline.
   * @throws what `connect` throws; the connection is being closed then
   */
  async protectAsClient(connect: (stream: Duplex) => Promise<TLSSocket>): Promise<void> {
    const plain = this.#socket;
    await this.#secure(() => connect(plain));
  }

  async #secure(handshake: () => Promise<TLSSocket>): Promise<void> {
    const plain = this.#socket;
    this.#deafen(plain);
    this.#changing = true;
    try {
      const secured = await handshake();
      this.#socket = secured;
      this.#changing = false;
      secured.on("error", this.#onError);
      // A record that cannot be read is the end; Node only tells of it.
      secured.once("error", () => secured.destroy());
      this.#listen(secured);
    } catch (error) {
      plain.destroy(error as Error);
      throw error;
    }
  }

  /** Ends TLS where it was begun as clearable; lines go on in clear. False when the connection ended meanwhile. */
  async clear(): Promise<boolean> {
    const { plain, pipe, tls } = this.#clearable ?? {};
    if (plain === undefined || pipe === undefined || tls === undefined) return false;
    this.#clearable = undefined;
    this.#deafen(tls);
    this.#changing = true;
    await pipe.clear(tls);
    this.#changing = false;
    tls.destroy();
    this.#socket = plain;
    if (plain.destroyed) return false;
    this.#listen(plain);
    return true;
  }

  #listen(socket: Socket): void {
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("drain", this.#onDrain);
  }

  #deafen(socket: Socket): void {
    socket.removeListener("data", this.#onData);
    socket.removeListener("end", this.#onEnd);
    socket.removeListener("drain", this.#onDrain);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#decoder.push(chunk);
    this.#listener.onInput();
  };

  readonly #onEnd = (): void => this.#listener.onEnd();

  readonly #onDrain = (): void => this.#listener.onDrain();

  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };

  /** The next message that has come in whole. */
  next(): Message | undefined {
    return this.#decoder.next();
  }

  /**
   * Adds to what `flush` will send: replies of one turn leave in one segment. Much is sent at once, because
   * ten thousand commands of five bytes in one segment can ask for megabytes of replies.
   */
  write(text: string): void {
    this.#output += text;
    if (this.#output.length >= MOST_UNFLUSHED) this.flush();
  }

  flush(): void {
    if (this.#output === "") return;
    const output = this.#output;
    this.#output = "";
    if (this.#changing || !this.#socket.writable) return;
    if (output.isWellFormed()) this.#socket.write(output, "utf8");
    else this.#socket.write(encodeText(output));
  }

  /** Whether the peer takes replies more slowly than we make them; then no more input should be taken. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Whether the network is read. What was read before can still come by `next()`. */
  set reading(wanted: boolean) {
    if (this.#changing || wanted === !this.#socket.isPaused()) return;
    if (wanted) this.#socket.resume();
    else this.#socket.pause();
  }

  /**
   * Sends what is written and ends the connection. Input is read and thrown away meanwhile: unread bytes would
   * turn the closing into a reset, and the peer could lose the last reply.
   */
  end(): void {
    // In the middle of a handshake there is nothing that the peer would understand (RFC 4217 10.1).
    if (this.#changing) return this.destroy();
    this.flush();
    this.#socket.removeAllListeners("data");
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Reads until the client's first message of TLS is there, and puts it back. */
function readHello(socket: Socket): Promise<ClientHello> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const done = (): void => {
      socket.removeListener("data", onData);
      socket.removeListener("end", onEnd);
      socket.removeListener("close", onEnd);
    };
    const onEnd = (): void => {
      done();
      reject(new Error("the client began no TLS"));
    };
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      const hello = parseClientHello(bytes);
      if (hello === "partial") return;
      done();
      if (hello === "no-tls") return reject(new Error("what the client sent behind AUTH is no TLS"));
      socket.pause();
      socket.unshift(bytes);
      resolve(hello);
    };
    socket.on("data", onData);
    socket.on("end", onEnd);
    socket.on("close", onEnd);
    socket.resume();
  });
}
