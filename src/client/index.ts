/** `ferry/client`: an FTP client. */
export type { Features } from "../protocol/features.js";
export type { ListingDialect } from "../protocol/listing/dialects.js";
export type { Reply } from "../protocol/reply.js";
export { type CallOptions, FtpClient, type RangeOptions } from "./client.js";
export type { FtpDigestAlgorithm } from "./digest-algorithm.js";
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
  FtpVerifyError,
} from "./errors.js";
export { mirror } from "./mirror/mirror.js";
export type { MirrorAction, MirrorOptions, MirrorResult } from "./mirror/options.js";
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
export { RateLimit } from "./rate-limit.js";
export {
  downloadSegments,
  type SegmentsDownloaded,
  type SegmentsOptions,
} from "./segments/download-segments.js";
export type { FtpSecurity } from "./session/protection.js";
export { FtpTlsError, type FtpTlsReason } from "./tls-error.js";
export type { FtpTlsOptions, TlsMode, TlsVersion } from "./tls-options.js";
export type { LocalContent } from "./transfer/local-content.js";
export type { OnProgress, Progress } from "./transfer/progress.js";
export type { DownloadTarget } from "./transfer/sinks.js";
export type { UploadSource } from "./transfer/sources.js";
export type { TotalProgress } from "./transfer/total-progress.js";
export { type FtpScheme, type FtpUrl, formatFtpUrl, parseFtpUrl } from "./url.js";
export type { Comparison } from "./verbs/compare.js";
export type { FtpEntry, ListOptions } from "./verbs/listing.js";
export { isSafeName } from "./verbs/names.js";
export type {
  DownloadOptions,
  TransferOptions,
  Transferred,
  TransferType,
  UploadOptions,
} from "./verbs/transfers.js";
export { type VerifiedFile, type VerifyOptions, type VerifyResult, verify } from "./verify/verify.js";
