/** `ferry/storage`: what a storage is, and what storages can be made of. */
export { type Allowance, allowance, measureUse, type Use } from "./allowance.js";
export { STORAGE_REASONS, StorageError, type StorageReason } from "./errors.js";
export { forward, forwardWrites, type Overrides } from "./forward.js";
export { quota } from "./quota.js";
export { readOnly } from "./read-only.js";
export { rooted } from "./rooted.js";
export type {
  DigestAlgorithm,
  Entry,
  EntryType,
  Operation,
  PartialUpload,
  ReadHandle,
  ReadOptions,
  Storage,
  UniqueWriteHandle,
  WriteHandle,
  WriteIntent,
} from "./storage.js";
export {
  readableOf,
  readableStreamOf,
  readHandleFrom,
  type WriteTo,
  writableOf,
  writableStreamOf,
  writeHandleTo,
} from "./streams.js";
