/** How a transfer ended, of either end and in either direction. */
import type { DataConnectionError } from "../connection/data-connection.js";

export type TransferOutcome = {
  readonly id: string;
  readonly path: string;
  /** Bytes of the file (not of its encoding) that were moved. */
  readonly bytes: number;
  /** Where in the file the transfer began. */
  readonly start: number;
  /** Milliseconds from the start to the end. */
  readonly duration: number;
  /** Stream mode closes it at the end of file; block and compressed mode keep it. */
  readonly dataConnection: "closed" | "kept";
} & (
  | {
      readonly kind: "complete";
      /** What said that the file ended: the closing, which a broken connection may look like, or a mark. */
      readonly endOfFile: "closing" | "mark";
    }
  /** By our side, on request: ABOR, or the caller's signal. */
  | { readonly kind: "aborted" }
  /** No byte moved. */
  | { readonly kind: "not-opened"; readonly error: DataConnectionError }
  /** The network or the peer. */
  | { readonly kind: "remote"; readonly error: Error }
  /** The storage. */
  | { readonly kind: "local"; readonly error: unknown }
);

/** What is known of a transfer while it runs; read by STAT, by progress bars and by idle clocks. */
export interface TransferProgress {
  /** Bytes of the file so far. */
  readonly bytes: number;
  /** Bytes expected, when known. */
  readonly total: number | undefined;
  /** Milliseconds since the transfer began. */
  readonly elapsed: number;
}
