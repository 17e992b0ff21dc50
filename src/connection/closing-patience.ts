/** How long to wait for peers to close a data connection that we have ended. */

/** Milliseconds. ProFTPD's TimeoutLinger is 10 s, which users lower; this is past any round trip. */
const FULL_PATIENCE = 3000;

/**
 * A sender's last act is to wait for the peer's end of the connection: a plain end says that the peer has read
 * everything (systems answer unread bytes with a reset), so the reply that follows is true. Peers that close
 * only after they have seen that reply would pay the wait for each file; so it shrinks each time it was in vain,
 * and is whole again after a peer has closed in time. One object per session.
 */
export class ClosingPatience {
  #milliseconds = FULL_PATIENCE;

  get milliseconds(): number {
    return this.#milliseconds;
  }

  closedInTime(): void {
    this.#milliseconds = FULL_PATIENCE;
  }

  closedLate(): void {
    this.#milliseconds = Math.floor(this.#milliseconds / 4);
  }
}
