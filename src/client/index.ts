/** `ferry/client`: an FTP client. */
export type { Features } from "../protocol/features.js";
export type { ListingDialect } from "../protocol/listing/dialects.js";
export type { Reply } from "../protocol/reply.js";
export { type CallOptions, FtpClient } from "./client.js";
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
export {
  type MirrorAction,
  type MirrorOptions,
  type MirrorResult,
  mirror,
} from "./mirror/mirror.js";
export { FtpPool, type FtpPoolOptions } from "./mirror/pool.js";
export type { TotalProgress } from "./mirror/total-progress.js";
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
export type { FtpSecurity } from "./session/protection.js";
export { FtpTlsError, type FtpTlsReason } from "./tls-error.js";
export type { FtpTlsOptions, TlsMode, TlsVersion } from "./tls-options.js";
export type { OnProgress, Progress } from "./transfer/progress.js";
export type { DownloadTarget } from "./transfer/sinks.js";
export type { UploadSource } from "./transfer/sources.js";
export { type FtpScheme, type FtpUrl, formatFtpUrl, parseFtpUrl } from "./url.js";
export type { FtpDigestAlgorithm } from "./verbs/digest.js";
export type { FtpEntry, ListOptions } from "./verbs/listing.js";
export { isSafeName } from "./verbs/names.js";
export type {
  DownloadOptions,
  TransferOptions,
  Transferred,
  TransferType,
  UploadOptions,
} from "./verbs/transfers.js";
