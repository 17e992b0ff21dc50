/** `ferry/client`: an FTP client. */
export type { Features } from "../protocol/features.js";
export type { ListingDialect } from "../protocol/listing/dialects.js";
export type { Reply } from "../protocol/reply.js";
export { type CallOptions, FtpClient } from "./client.js";
export type { FtpDigestAlgorithm } from "./digest.js";
export {
  FtpAbortError,
  FtpArgumentError,
  FtpClosedError,
  FtpConnectionError,
  FtpDataConnectionError,
  FtpError,
  type FtpErrorDetails,
  FtpLocalError,
  FtpLoginError,
  FtpNotFoundError,
  type FtpPhase,
  FtpProtocolError,
  FtpProxyError,
  FtpReplyError,
  FtpTimeoutError,
  FtpUnsupportedError,
} from "./errors.js";
export type { FtpEntry, ListOptions } from "./listing.js";
export {
  type MirrorAction,
  type MirrorOptions,
  type MirrorResult,
  mirror,
} from "./mirror.js";
export { isSafeName } from "./names.js";
export {
  type ActiveModeOptions,
  type DataMode,
  DEFAULT_CLIENT_LIMITS,
  DEFAULT_CLIENT_TIMEOUTS,
  DEFAULT_RECONNECT,
  type FtpClientOptions,
  type FtpLimits,
  type FtpTimeouts,
  type ReconnectOptions,
  type TraceLine,
} from "./options.js";
export { FtpPool, type FtpPoolOptions } from "./pool.js";
export type { OnProgress, Progress } from "./progress.js";
export type { DownloadTarget } from "./sinks.js";
export type { UploadSource } from "./sources.js";
export type { TotalProgress } from "./total-progress.js";
export type { DownloadOptions, TransferOptions, Transferred, UploadOptions } from "./transfers.js";
