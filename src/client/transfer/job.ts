/** What one transfer of the client is to do. */
import type { AbortLike } from "../../connection/stop.js";
import type { Reply } from "../../protocol/reply.js";
import type { TransferParameters } from "../../protocol/representation.js";
import type { ReadHandle, WriteHandle } from "../../storage/storage.js";
import type { RateLimit } from "../rate-limit.js";
import type { OnProgress } from "./progress.js";

interface AnyTransfer {
  readonly verb: string;
  /** The path, as people write it. */
  readonly argument: string | undefined;
  readonly parameters: TransferParameters;
  /** The first byte, told by REST unless the verb itself says where to begin. */
  readonly start: number;
  readonly restart: boolean;
  readonly signal: AbortLike;
  /** Bytes of the whole file, for the progress. */
  readonly total?: number | undefined;
  readonly rate?: number | RateLimit | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly onBegin?: (() => void) | undefined;
  /** Whether the commands may leave together where the server is known to take them so. */
  readonly pipeline?: boolean | undefined;
  /** A command in front of the others, and who takes its completion reply. */
  readonly before?: Before | undefined;
}

export interface Before {
  readonly verb: string;
  /** As people write it. */
  readonly argument: string;
  onReply(reply: Reply<number>): void;
}

export interface Receiving extends AnyTransfer {
  readonly direction: "receive";
  /** Owned from the call on. Committed only when the server has confirmed the transfer. */
  readonly sink: WriteHandle;
  /** Ends the transfer after so many bytes. */
  readonly length?: number | undefined;
}

export interface Sending extends AnyTransfer {
  readonly direction: "send";
  /** Owned from the call on. */
  readonly source: ReadHandle;
}

export type ClientTransfer = Receiving | Sending;
