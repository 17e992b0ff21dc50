/** What can go wrong in a storage, as a closed set: the server maps each reason to a reply in one table. */
export const STORAGE_REASONS = [
  "not-found", // no such file or directory
  "denied", // the back end forbids it, or it lies outside the root
  "exists", // something of that name is there already
  "not-empty", // a directory to remove still holds something
  "is-directory", // a file was needed
  "not-directory", // a directory was needed
  "not-regular", // neither file nor directory: FIFO, socket, device
  "no-space", // the device is full
  "quota", // the account's allowance is used up
  "too-large", // larger than the back end or the account allows for one file
  "bad-name", // a name that the back end cannot hold
  "bad-offset", // a restart position beyond the end, or one that the back end cannot take
  "busy", // another writer holds it; trying again later may work
  "cross-device", // a rename over file systems or mounts
  "read-only", // the storage takes no changes
  "unsupported", // the back end cannot do this at all
  "too-many-links", // a loop of links, or too many in one pathname
  "unavailable", // the back end is away for now
  "timeout", // the back end did not answer in time
  "aborted", // the caller's signal ended it
  "failed", // anything else: an I/O error
] as const;

export type StorageReason = (typeof STORAGE_REASONS)[number];

/** The only error that a storage throws on purpose. `message` is for logs; peers never see it. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code = "ERR_FERRY_STORAGE";
  readonly reason: StorageReason;

  constructor(reason: StorageReason, message: string = reason, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }

  /** Whether the same request may succeed later without anyone changing it. */
  get retryable(): boolean {
    return this.reason === "busy" || this.reason === "unavailable" || this.reason === "timeout";
  }
}
