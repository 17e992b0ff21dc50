/** `ferry/protocol`: FTP without input or output. Bytes and texts of both ends, made and read. */
export * from "./address.js";
export * from "./command-line.js";
export * from "./entry-facts.js";
export * from "./facts.js";
export * from "./features.js";
export * from "./host-port.js";
export * from "./limits.js";
export * from "./listing/dialects.js";
export type { ListedLine } from "./listing/line.js";
export * from "./listing/unix.js";
export * from "./listing/unix-parse.js";
export * from "./pathname.js";
export * from "./reply.js";
export * from "./reply-codes.js";
export * from "./reply-decoder.js";
export * from "./representation.js";
export * from "./text.js";
export { formatTimestamp, parseTimestamp } from "./timestamp.js";
