/** From what the command line says to what a server is told. */
import type { AccountStore } from "../../accounts/accounts.js";
import { DEFAULT_PASSIVE_PORTS, type ServerOptions, type TlsOptions } from "../../server/options.js";
import type { Settings } from "./settings.js";

/** Every option is named, also those that have their defaults: reconfiguring puts a removed one back. */
export function serverOptionsOf(
  settings: Settings,
  accounts: AccountStore,
  tls: TlsOptions | undefined,
): ServerOptions {
  const { passiveAddress, idleTimeout, loginTimeout, dataTimeout, drainTimeout } = settings;
  return {
    accounts,
    ...(tls !== undefined && { tls }),
    strictRfc959: settings.strictRfc959 ?? false,
    allowForeignData: settings.allowForeignData ?? false,
    passive: {
      ports: settings.passivePorts ?? DEFAULT_PASSIVE_PORTS,
      ...(passiveAddress !== undefined && { address: passiveAddress }),
    },
    limits: {
      ...(settings.maxSessions !== undefined && { sessions: settings.maxSessions }),
      ...(settings.maxSessionsPerAddress !== undefined && {
        sessionsPerAddress: settings.maxSessionsPerAddress,
      }),
      ...(settings.maxLoginAttempts !== undefined && { loginAttempts: settings.maxLoginAttempts }),
    },
    timeouts: {
      ...(idleTimeout !== undefined && { idle: milliseconds(idleTimeout) }),
      ...(loginTimeout !== undefined && { login: milliseconds(loginTimeout) }),
      ...(dataTimeout !== undefined && {
        dataConnect: milliseconds(dataTimeout),
        stall: milliseconds(dataTimeout),
      }),
      ...(drainTimeout !== undefined && { drain: milliseconds(drainTimeout) }),
    },
  };
}

function milliseconds(seconds: number): number {
  return Math.ceil(seconds * 1000);
}
