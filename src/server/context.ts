/** What sessions share: the server's options, counters and ports. */
import type { AccountStore } from "../accounts/accounts.js";
import type { PortRange } from "../connection/port-range.js";
import type { Counters } from "./admission.js";
import type { ServerEvents } from "./events.js";
import type { PassiveAddress, ServerLimits, ServerTimeouts, TlsOptions } from "./options.js";

/** The options with every default filled in. Replaced as a whole when the server is reconfigured. */
export interface ResolvedOptions {
  readonly accounts: AccountStore;
  readonly banner: string;
  readonly strictRfc959: boolean;
  readonly allowForeignData: boolean;
  readonly defaultDataPort: boolean;
  readonly passiveAddress: PassiveAddress | undefined;
  readonly limits: ServerLimits;
  readonly timeouts: ServerTimeouts;
  readonly hostNames: readonly string[];
  /** Undefined when TLS is off. */
  readonly tls: ResolvedTls | undefined;
}

export type ResolvedTls = Required<Omit<TlsOptions, "clients">> & Pick<TlsOptions, "clients">;

export interface ServerContext {
  readonly options: ResolvedOptions;
  readonly admissions: Counters;
  readonly passivePorts: PortRange;
  readonly startedAt: number;
  readonly sessionCount: number;
  /** True once the server drains: sessions are ended with 421 as soon as they rest. */
  readonly draining: boolean;
  /** Whether anyone listens to an event; those of the hot path are made only then. */
  wants(event: keyof ServerEvents): boolean;
  tell<Event extends keyof ServerEvents>(event: Event, detail: ServerEvents[Event][0]): void;
}
