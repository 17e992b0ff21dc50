/**
 * The log of a server: one line for each login, command, transfer and disconnect, as JSON or for people.
 * What comes from clients is made printable and bounded; secrets are not in the events.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Logger, pino, stdTimeFunctions } from "pino";
import pinoPretty from "pino-pretty";
import type { FtpServer } from "../../server/server.js";
import type { GuestBook } from "./guest-book.js";
import {
  commandRecord,
  connectionEndRecord,
  errorRecord,
  loginRecord,
  sentence,
  shown,
  transferRecord,
} from "./log-records.js";
import type { LogKind } from "./options.js";

/** Where lines go: see LineFile. */
export interface LogDestination {
  append(line: string): void;
  flushed(): Promise<void>;
}

/** Milliseconds that the end of the process waits for a reader of the log that does not read. */
const LAST_WAIT = 1000;

export class ServerLog {
  readonly #logger: Logger | undefined;
  readonly #destination: LogDestination | undefined;

  /** @param destination Not needed, and not written to, when `kind` is silent. */
  constructor(kind: LogKind, o: { readonly colour: boolean; readonly destination: () => LogDestination }) {
    if (kind === "silent") return;
    this.#destination = o.destination();
    const destination = this.#destination;
    const form = kind === "pretty" ? prettyForm(o.colour) : (line: string) => line;
    this.#logger = pino(
      {
        base: null,
        timestamp: kind === "pretty" ? stdTimeFunctions.epochTime : stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
      },
      { write: (line) => destination.append(form(line)) },
    );
  }

  info(message: string): void {
    this.#logger?.info({ event: "server", message: shown(message) });
  }

  warn(message: string, error?: unknown): void {
    this.#logger?.warn({ event: "warning", message: shown(message), ...errorRecord(error) });
  }

  error(message: string, error?: unknown): void {
    this.#logger?.error({ event: "error", message: shown(message), ...errorRecord(error) });
  }

  /** From now on. A silent log listens to nothing, so that the server does not even make the events. */
  attach(server: FtpServer, guests: GuestBook): void {
    const logger = this.#logger;
    if (logger === undefined) return;
    server.on("login", (event) => {
      logger[event.ok ? "info" : "warn"](loginRecord(event, guests));
    });
    server.on("command", (event) => {
      logger[event.error === undefined ? "info" : "warn"](commandRecord(event));
    });
    server.on("transfer", (event) => {
      logger[event.outcome.kind === "complete" ? "info" : "warn"](transferRecord(event));
    });
    server.on("disconnect", (event) => logger.info(connectionEndRecord(event)));
    server.on("refused", ({ peer, reason }) => {
      logger.warn({ event: "refused", peer: peer.address, port: peer.port, reason });
    });
    server.on("warning", ({ message, error }) => this.warn(message, error));
  }

  /** Writes what is still in memory; at the end of the process. */
  async flushed(): Promise<void> {
    const patience = new AbortController();
    const tooLong = wait(LAST_WAIT, undefined, { signal: patience.signal }).catch(() => {});
    await Promise.race([this.#destination?.flushed(), tooLong]);
    patience.abort();
  }
}

/** pino-pretty without its streams: each line is made in the turn that logs it. */
function prettyForm(colour: boolean): (line: string) => string {
  return pinoPretty.prettyFactory({
    colorize: colour,
    translateTime: "SYS:yyyy-mm-dd HH:MM:ss.l",
    hideObject: true,
    messageFormat: (record) => sentence(record),
  });
}
