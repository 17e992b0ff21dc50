/**
 * Between TLS and the network, for uploads.
 *
 * TLS ends a direction by close_notify (RFC 5246 7.2.1); when the network ends without it, something is missing,
 * or somebody cut it off. Node's TLSSocket tells of both in the same way. So the network's end is kept from it
 * here: an end that it still tells of can only be a close_notify.
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { DataConnectionError } from "../data-connection.js";
import type { PlainDataSocket } from "../data-socket.js";

type Written = (error?: Error | null) => void;

export class CloseGuard extends Duplex {
  readonly #network: PlainDataSocket;
  #feeding: Promise<"more" | "ended"> | undefined;

  constructor(network: PlainDataSocket) {
    super({ allowHalfOpen: true });
    this.#network = network;
  }

  /**
   * Hands TLS the next bytes of the network, at most `limit`; they are deciphered by the time this resolves, or
   * in the next turn. One call at a time goes to the network; another one shares its answer.
   */
  feed(limit: number): Promise<"more" | "ended"> {
    this.#feeding ??= this.#feed(limit).finally(() => {
      this.#feeding = undefined;
    });
    return this.#feeding;
  }

  async #feed(limit: number): Promise<"more" | "ended"> {
    const chunk = await this.#network.receive(limit);
    if (chunk === undefined) return "ended";
    // Bytes that the stream keeps must not change with the memory that the network reads into.
    if (this.readableFlowing === true && this.readableLength === 0) this.push(chunk);
    else this.push(Buffer.from(chunk));
    return "more";
  }

  /** Feeds until `done` settles; what goes wrong meanwhile destroys the stream, and so ends what TLS does. */
  async feedUntil(done: Promise<unknown>): Promise<void> {
    let wanted = true;
    const stop = (): void => {
      wanted = false;
    };
    done.then(stop, stop);
    try {
      while (wanted) {
        if ((await this.feed(HANDSHAKE_READ)) === "ended") {
          throw new DataConnectionError("lost", "the data connection ended in the TLS handshake");
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      if (wanted) this.destroy(error as Error);
    }
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, written: Written): void {
    try {
      const sent = this.#network.send(chunk);
      if (sent === undefined) written();
      else sent.then(() => written(), written);
    } catch (error) {
      written(error as Error);
    }
  }

  override _writev(chunks: { chunk: Uint8Array }[], written: Written): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", written);
  }

  /** Behind our close_notify. Waits, within bounds, until the peer has closed too. */
  override _final(finished: Written): void {
    this.#network.finish().then(() => finished(), finished);
  }
}

/** A handshake's messages are small; what comes behind them waits in the kernel. */
const HANDSHAKE_READ = 16 * 1024;
