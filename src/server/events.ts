/** What a server tells its application: one event for each login, command, transfer and disconnect. */
import type { Peer } from "../accounts/accounts.js";
import type { TransferOutcome } from "../dtp/outcome.js";

/** Who a session is; the same object in all of its events. */
export interface SessionInfo {
  readonly id: string;
  readonly peer: Peer;
  readonly local: Peer;
  /** Undefined before login. */
  readonly account: string | undefined;
  /** What CLNT or CSID said. */
  readonly client: string | undefined;
  readonly secure: boolean;
}

export interface CommandEvent {
  readonly session: SessionInfo;
  readonly verb: string;
  /** Never a password: secret arguments are "****". */
  readonly argument: string;
  /** The code of the completion reply. */
  readonly code: number;
  /** Milliseconds from the line to its completion reply. */
  readonly duration: number;
  /** For the log, when something failed inside; never sent to the peer. */
  readonly error?: unknown;
}

export interface TransferEvent {
  readonly session: SessionInfo;
  readonly verb: string;
  readonly direction: "send" | "receive";
  /** "listing" for LIST, NLST and MLSD. */
  readonly content: "file" | "listing";
  /** "A" or "I", as xferlog has it. */
  readonly type: "ascii" | "binary";
  readonly outcome: TransferOutcome;
  /** The completion reply. */
  readonly code: number;
}

/**
 * A listener that throws, or whose promise is rejected, disturbs neither the server nor other listeners: it
 * becomes a `warning`.
 */
export interface ServerEvents {
  connect: [{ readonly session: SessionInfo }];
  /** Connections that were turned away before a session was made. */
  refused: [{ readonly peer: Peer; readonly reason: "sessions" | "sessions-per-address" | "closing" }];
  login: [
    { readonly session: SessionInfo; readonly name: string; readonly ok: boolean; readonly reason?: string },
  ];
  command: [CommandEvent];
  transfer: [TransferEvent];
  /**
   * The last of a session's events, when all that it ran has ended. `reason` says which side ended it and why:
   * "quit", "peer", "idle", "login-timeout", "line-too-long" and so on.
   */
  disconnect: [
    {
      readonly session: SessionInfo;
      /** Who was logged in at the end. */
      readonly account: string | undefined;
      readonly reason: string;
      readonly duration: number;
      readonly error?: unknown;
    },
  ];
  /** Something that an operator should know, such as a back end that works in a lesser way. */
  warning: [{ readonly message: string; readonly error?: unknown }];
}
