/** Which TLS session a client's next data connection resumes. */
import type { Buffer } from "node:buffer";

/** A session, or a ticket for one, as Node has it. */
export interface SessionOffer {
  readonly session: Buffer;
  readonly from: "control" | "data";
  /** "refused": the server went through a whole handshake instead. */
  state: "unused" | "resumed" | "refused";
}

/** Kept of the control connection and of data connections each: servers give one or two with a handshake. */
const MOST = 4;

/**
 * The control connection's newest one, again and again: it is the one that servers compare with (ProFTPD by its
 * id, vsftpd and FileZilla Server by what they keep for it). Only a server that took a session once and not a
 * second time is given each one once (RFC 8446 C.4), those of data connections too.
 *
 * Nothing has to be waited for: a server sends its tickets right behind the handshake (RFC 8446 4.6.1), and so
 * before its reply to the first command in TLS, long before a data connection is asked for.
 */
export class ClientSessions {
  /** Newest first. */
  readonly #control: SessionOffer[] = [];
  readonly #data: SessionOffer[] = [];
  #onceEach = false;

  keep(session: Buffer, from: SessionOffer["from"]): void {
    const kept = from === "control" ? this.#control : this.#data;
    kept.unshift({ session, from, state: "unused" });
    if (kept.length > MOST) kept.pop();
  }

  /** Undefined when there is none that the server may take. */
  next(): SessionOffer | undefined {
    const all = [...this.#control, ...this.#data];
    return all.find(({ state }) => state === "unused" || (state === "resumed" && !this.#onceEach));
  }

  /** What became of an offer: called when the handshake is done. */
  answered(offer: SessionOffer, resumed: boolean): void {
    if (offer.state === "resumed" && !resumed) this.#onceEach = true;
    offer.state = resumed ? "resumed" : "refused";
  }
}
