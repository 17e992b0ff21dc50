/** Accounts: the interface that the server asks, and the stores that come with Ferry. */
export * from "./accounts.js";
export { AnonymousAccounts, type AnonymousOptions } from "./anonymous.js";
export { CombinedAccounts } from "./combined.js";
export type { AccountActivity, AccountDirectory } from "./directory.js";
export { FileAccounts, type FileAccountsOptions } from "./file.js";
export { FileDirectory } from "./file-directory.js";
export { editAccountsFile, readAccountsFile } from "./file-edit.js";
export {
  type AccountRecord,
  AccountsFileError,
  formatAccountsFile,
  parseAccountsFile,
} from "./file-format.js";
export { type MemoryAccount, MemoryAccounts } from "./memory.js";
export { isAccountName, MAX_ACCOUNT_NAME } from "./name.js";
export type { OpenStorage } from "./opened-storages.js";
export {
  DEFAULT_PASSWORD_COST,
  type PasswordCost,
  Passwords,
  type PasswordsOptions,
} from "./password.js";
export { PasswordHashError } from "./password-hash.js";
export { MAX_PASSWORD_LENGTH } from "./password-length.js";
export { bothPermissions, type PermissionNames, type PermissionRules, permissionsOf } from "./permissions.js";
export type { AccountQuota } from "./record.js";
export type { StorageSource } from "./storage-source.js";
export { TurnstileError } from "./turnstile.js";
