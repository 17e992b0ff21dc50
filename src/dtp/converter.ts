/** What the layers of a codec have in common. */

/** Converts a stream chunk by chunk; the result does not depend on how the input is cut. */
export interface Converter {
  /** What the chunk becomes; may be empty. Valid until the next call, and as long as the chunk is. */
  convert(chunk: Uint8Array): Uint8Array;
  /** The input has ended: what was carried over; may be empty. Called once. */
  end(): Uint8Array;
}
