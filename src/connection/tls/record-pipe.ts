/**
 * Between TLS and a control connection on which CCC may end TLS (RFC 4217 5).
 *
 * Where TLS ends, clear text goes on, perhaps in the same segment. TLS itself would swallow that; so records are
 * handed to it one by one, and what follows the last one is kept.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";

type Written = (error?: Error | null) => void;

/** Content types of records: change_cipher_spec, alert, handshake, application_data. */
const FIRST_TYPE = 20;
const LAST_TYPE = 23;
const HEADER = 5;

export class RecordPipe extends Duplex {
  readonly #network: Socket;
  /** Came, and not handed to TLS yet. */
  #bytes: Buffer = Buffer.alloc(0);
  #clearing = false;

  constructor(network: Socket) {
    super({ allowHalfOpen: true });
    this.#network = network;
    network.on("data", this.#onData);
    network.on("end", this.#onEnd);
    network.on("close", this.#onClose);
  }

  /**
   * Ends TLS on both sides and leaves the socket open, paused and with the clear text that came put back. Resolves
   * when the peer has ended TLS too, or has gone on in clear without doing so.
   */
  async clear(tls: TLSSocket): Promise<void> {
    this.#clearing = true;
    const network = this.#network;
    network.removeListener("data", this.#onData);
    let ended = false;
    tls.once("end", () => {
      ended = true;
    });
    tls.resume();
    tls.end();
    while (!ended && !network.destroyed) {
      const record = this.#nextRecord();
      if (record === "clear") break;
      if (record !== undefined) this.push(record);
      else if (!(await this.#more())) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    network.removeListener("end", this.#onEnd);
    network.removeListener("close", this.#onClose);
    network.pause();
    if (this.#bytes.length > 0) network.unshift(this.#bytes);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    for (let record = this.#nextRecord(); record !== undefined; record = this.#nextRecord()) {
      if (record === "clear") return void this.destroy(new Error("clear text in TLS"));
      this.push(record);
    }
  };

  readonly #onEnd = (): void => void this.push(null);

  readonly #onClose = (): void => void this.destroy();

  #nextRecord(): Buffer | "clear" | undefined {
    const [type] = this.#bytes;
    if (type !== undefined && (type < FIRST_TYPE || type > LAST_TYPE)) return "clear";
    if (this.#bytes.length < HEADER) return undefined;
    const length = HEADER + this.#bytes.readUInt16BE(3);
    if (this.#bytes.length < length) return undefined;
    const record = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return record;
  }

  /** False at the end of the network. */
  #more(): Promise<boolean> {
    const network = this.#network;
    return new Promise((resolve) => {
      const settle = (more: boolean): void => {
        network.removeListener("data", onData);
        network.removeListener("end", onEnd);
        network.removeListener("close", onEnd);
        resolve(more);
      };
      const onData = (chunk: Buffer): void => {
        network.pause();
        this.#bytes = Buffer.concat([this.#bytes, chunk]);
        settle(true);
      };
      const onEnd = (): void => settle(false);
      network.on("data", onData).on("end", onEnd).on("close", onEnd).resume();
    });
  }

  override _read(): void {
    if (!this.#clearing) this.#network.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, written: Written): void {
    this.#network.write(chunk, written);
  }

  override _final(finished: Written): void {
    if (this.#clearing) finished();
    else this.#network.end(finished);
  }

  override _destroy(error: Error | null, destroyed: Written): void {
    if (!this.#clearing) this.#network.destroy(error ?? undefined);
    destroyed(error);
  }
}
