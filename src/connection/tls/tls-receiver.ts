/** The receiving side of a data connection in TLS: an upload to a server, or a download of a client. */
import type { Buffer } from "node:buffer";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { TLSSocket } from "node:tls";
import { buffers } from "../buffer-pool.js";
import { DataConnectionError, type DataSocket } from "../data-connection.js";
import type { PlainDataSocket } from "../data-socket.js";
import { MAX_RECEIVE } from "../receive-buffer.js";
import type { CloseGuard } from "./close-guard.js";

/** One record that came in part (RFC 8446 5.1) is deciphered with what completes it. */
const RECORD = 16 * 1024;

/** The network ended, and TLS did not: something may be missing. */
export class BareEndError extends DataConnectionError {
  constructor() {
    super("lost", "the data connection ended without close_notify");
  }
}

export interface TlsReceiverOptions {
  /** Whether an end without close_notify is an end; some old peers never send one. Asked when it is so. */
  readonly acceptBareEnd: boolean | (() => boolean | Promise<boolean>);
}

export class TlsReceiver implements DataSocket {
  readonly unsent = 0;
  readonly #network: PlainDataSocket;
  readonly #guard: CloseGuard;
  readonly #tls: TLSSocket;
  readonly #options: TlsReceiverOptions;
  /** Deciphered and not given out yet. */
  #records: Buffer[] = [];
  #length = 0;
  /** The reader's until it asks for more. */
  #lent: Buffer | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(network: PlainDataSocket, guard: CloseGuard, tls: TLSSocket, options: TlsReceiverOptions) {
    this.#network = network;
    this.#guard = guard;
    this.#tls = tls;
    this.#options = options;
    tls.on("data", (record: Buffer) => {
      this.#records.push(record);
      this.#length += record.length;
    });
    tls.on("end", () => {
      this.#ended = true;
    });
    tls.on("error", (cause) => {
      this.#error ??= new DataConnectionError("lost", "TLS broke on the data connection", { cause });
    });
  }

  send(): never {
    throw new DataConnectionError("closed", "this side only receives");
  }

  finish(): Promise<void> {
    return Promise.reject(new DataConnectionError("closed", "this side only receives"));
  }

  async receive(limit: number = MAX_RECEIVE): Promise<Uint8Array | undefined> {
    this.#giveBack();
    // What came with the handshake flows in the next turn.
    if (this.#length === 0 && !this.#ended) await nextTurn();
    while (this.#length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return await this.#close();
      const network = await this.#feed(Math.max(1, Math.min(limit, MAX_RECEIVE) - RECORD));
      if (this.#length === 0) await nextTurn();
      if (network === "ended" && this.#length === 0 && !this.#ended) return await this.#bareEnd();
    }
    return this.#take(limit);
  }

  destroy(cause?: Error): void {
    this.#error ??= cause ?? new DataConnectionError("closed");
    // A slow storage may still read what it was lent: that memory is forgotten.
    this.#lent = undefined;
    this.#records = [];
    this.#network.destroy(cause);
    this.#tls.destroy();
  }

  /** A reset behind a close_notify lost nothing: the peer did not read what we said last. */
  async #feed(limit: number): Promise<"more" | "ended"> {
    try {
      return await this.#guard.feed(limit);
    } catch (error) {
      await nextTurn();
      if (this.#ended || this.#length > 0) return "ended";
      throw error;
    }
  }

  async #bareEnd(): Promise<undefined> {
    if (this.#error !== undefined) throw this.#error;
    const { acceptBareEnd } = this.#options;
    if (acceptBareEnd !== false) {
      // First: a server may wait for our end before it says whether all was sent.
      await this.#close();
      if (acceptBareEnd === true || (await acceptBareEnd())) return undefined;
    }
    throw new BareEndError();
  }

  /** Our close_notify, and the end of the connection; the file is whole whatever becomes of these. */
  async #close(): Promise<undefined> {
    await new Promise<void>((resolve) => {
      this.#guard
        .once("finish", resolve)
        .once("close", resolve)
        .once("error", () => resolve());
      this.#tls.once("close", resolve);
      this.#tls.end();
    });
    return undefined;
  }

  #take(limit: number): Uint8Array {
    const [first] = this.#records;
    if (first !== undefined && (this.#records.length === 1 || first.length >= limit)) {
      return this.#takeFirst(first, limit);
    }
    const into = buffers.take(Math.min(this.#length, limit));
    this.#lent = into;
    let filled = 0;
    let used = 0;
    for (const record of this.#records) {
      if (filled + record.length > Math.min(limit, into.length)) break;
      record.copy(into, filled);
      filled += record.length;
      used += 1;
    }
    this.#records.splice(0, used);
    this.#length -= filled;
    return into.subarray(0, filled);
  }

  /** A record by itself needs no copy. */
  #takeFirst(record: Buffer, limit: number): Uint8Array {
    if (record.length <= limit) this.#records.shift();
    else this.#records[0] = record.subarray(limit);
    const taken = record.length <= limit ? record : record.subarray(0, limit);
    this.#length -= taken.length;
    return taken;
  }

  #giveBack(): void {
    if (this.#lent !== undefined) buffers.give(this.#lent);
    this.#lent = undefined;
  }
}
