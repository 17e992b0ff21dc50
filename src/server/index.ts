/** `ferry/server`: an FTP server to embed. */
export type {
  Account,
  AccountLease,
  AccountLimits,
  AccountStore,
  LoginAnswer,
  LoginAttempt,
  Peer,
  Permission,
  Permissions,
  Refusal,
} from "../accounts/accounts.js";
export {
  type ClientAuthorities,
  type IdentitySource,
  TlsConfigurationError,
  type TlsConfigurationProblem,
  TlsIdentities,
  TlsIdentity,
} from "../connection/tls/identity.js";
export type { ClientCertificates, DataBinding } from "../connection/tls/session-tls.js";
export type { TransferOutcome } from "../dtp/outcome.js";
export type { CommandEvent, ServerEvents, SessionInfo, TransferEvent } from "./events.js";
export type { ListenAddress } from "./listen.js";
export {
  DEFAULT_LIMITS,
  DEFAULT_PASSIVE_PORTS,
  DEFAULT_TIMEOUTS,
  type PassiveAddress,
  type PassiveOptions,
  type ServerLimits,
  type ServerOptions,
  type ServerTimeouts,
  type TlsOptions,
} from "./options.js";
export { FtpServer } from "./server.js";
