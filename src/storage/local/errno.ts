/** The only table from the operating system's error codes to reasons. */
import { printable } from "../../protocol/text.js";
import { StorageError, type StorageReason } from "../errors.js";

const REASONS: ReadonlyMap<string, StorageReason> = new Map<string, StorageReason>([
  ["ENOENT", "not-found"],
  ["EACCES", "denied"],
  ["EPERM", "denied"],
  ["EEXIST", "exists"],
  ["ENOTEMPTY", "not-empty"],
  ["EISDIR", "is-directory"],
  ["ENOTDIR", "not-directory"],
  ["ENXIO", "not-regular"], // a socket, or a FIFO that nobody reads
  ["ENODEV", "not-regular"],
  ["ENOSPC", "no-space"],
  ["EDQUOT", "quota"],
  ["EFBIG", "too-large"],
  ["EOVERFLOW", "too-large"],
  ["ENAMETOOLONG", "bad-name"],
  ["EILSEQ", "bad-name"],
  ["EINVAL", "bad-name"], // a name that this file system does not take, or a directory moved into itself
  ["EBUSY", "busy"],
  ["ETXTBSY", "busy"],
  ["EAGAIN", "busy"], // somebody holds a mandatory lock or a lease on the file
  ["EXDEV", "cross-device"],
  ["EROFS", "read-only"],
  ["ENOSYS", "unsupported"],
  ["ENOTSUP", "unsupported"],
  ["EOPNOTSUPP", "unsupported"],
  ["ELOOP", "too-many-links"],
  ["EMFILE", "unavailable"],
  ["ENFILE", "unavailable"],
  ["ENOMEM", "unavailable"],
  ["ESTALE", "unavailable"], // a network file system lost it
  ["ENOTCONN", "unavailable"], // a FUSE file system whose process is gone
  ["EHOSTUNREACH", "unavailable"],
  ["ETIMEDOUT", "timeout"],
  ["ABORT_ERR", "aborted"],
]);

/** The reason that a system error's `code` stands for; "failed" for every code that has no row. */
export function reasonFor(code: string | undefined): StorageReason {
  return (code === undefined ? undefined : REASONS.get(code)) ?? "failed";
}

/** The `code` of a system error; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What a caller sees of any failure; the cause is kept for the log. */
export function storageError(cause: unknown, path: string): StorageError {
  if (cause instanceof StorageError) return cause;
  const code = codeOf(cause);
  return new StorageError(reasonFor(code), `${code ?? "failure"} at ${printable(path)}`, { cause });
}

/** For rmdir, which POSIX lets say EEXIST where Linux says ENOTEMPTY. */
export function isNotEmpty(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOTEMPTY" || code === "EEXIST";
}

/** Hard links are not to be had here: by file system (vfat, some FUSE), or by fs.protected_hardlinks. */
export function hasNoLinks(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === "EPERM" ||
    code === "EACCES" ||
    code === "ENOSYS" ||
    code === "ENOTSUP" ||
    code === "EOPNOTSUPP" ||
    code === "EMLINK"
  );
}
