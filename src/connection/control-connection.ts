/** The control connection (RFC 959 2.3): a TCP connection that carries lines one way and replies the other. */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { encodeText } from "../protocol/text.js";

/** Characters that are handed to the socket at the latest, so that `congested` can tell in time. */
const MOST_UNFLUSHED = 16 * 1024;

/** Turns bytes into whole messages; see command-line.ts and reply-decoder.ts. */
export interface MessageDecoder<Message> {
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
  readonly #socket: Socket;
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
    socket.on("data", (chunk: Buffer) => {
      this.#decoder.push(chunk);
      this.#listener.onInput();
    });
    socket.on("end", () => this.#listener.onEnd());
    socket.on("drain", () => this.#listener.onDrain());
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    socket.on("close", () => this.#listener.onClose(this.#error));
  }

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
    if (!this.#socket.writable) return;
    if (output.isWellFormed()) this.#socket.write(output, "utf8");
    else this.#socket.write(encodeText(output));
  }

  /** Whether the peer takes replies more slowly than we make them; then no more input should be taken. */
  get congested(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Whether the network is read. What was read before can still come by `next()`. */
  set reading(wanted: boolean) {
    if (wanted === !this.#socket.isPaused()) return;
    if (wanted) this.#socket.resume();
    else this.#socket.pause();
  }

  /**
   * Sends what is written and ends the connection. Input is read and thrown away meanwhile: unread bytes would
   * turn the closing into a reset, and the peer could lose the last reply.
   */
  end(): void {
    this.flush();
    this.#socket.removeAllListeners("data");
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
