/** From a place and the flags to sessions with its server. */
import { setTimeout as sleep } from "node:timers/promises";
import { FtpClient } from "../../client/client.js";
import { FtpError } from "../../client/errors.js";
import type { FtpClientOptions } from "../../client/options.js";
import { FtpPool } from "../../client/pool.js";
import { usageError } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { findLogin } from "./credentials.js";
import { PerServer } from "./per-server.js";
import { findPlace, type RemotePlace, shownPlace } from "./places.js";
import type { RemoteFlags } from "./remote-flags.js";
import { asReported } from "./reporting.js";
import { tlsOf, tlsOptionsOf, warnOfCertificate } from "./tls-flags.js";
import { traceTo } from "./trace.js";

export interface Remote extends AsyncDisposable {
  readonly client: FtpClient;
  readonly place: RemotePlace;
}

export interface RemotePool extends AsyncDisposable {
  readonly pool: FtpPool;
  readonly place: RemotePlace;
}

/**
 * A session with the server of a URL or bookmark, logged in. Disposing says goodbye, or closes when the server does not
 * answer.
 * @throws CliError
 */
export async function openRemote(
  where: string | RemotePlace,
  flags: RemoteFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Remote> {
  const place = typeof where === "string" ? await findPlace(where, terminal) : where;
  const options = await clientOptions(place, flags, terminal);
  try {
    const client = await retrying(() => FtpClient.connect(options, { signal }), flags, signal);
    warnOfCertificate(client, place.url, flags, terminal);
    return { client, place, [Symbol.asyncDispose]: () => closeSoon(client) };
  } catch (error) {
    throw asReported(error, shownPlace(place));
  }
}

/** Up to so many sessions with one server; the first one is opened here, so that a wrong password is told at once. */
export async function openPool(
  where: string | RemotePlace,
  flags: RemoteFlags & { readonly connections: number },
  terminal: Terminal,
  signal: AbortSignal,
): Promise<RemotePool> {
  const place = typeof where === "string" ? await findPlace(where, terminal) : where;
  const options = await clientOptions(place, flags, terminal);
  let pool: FtpPool | undefined;
  try {
    const opened = new FtpPool({ ...options, connections: flags.connections });
    pool = opened;
    const first = (client: FtpClient): void => warnOfCertificate(client, place.url, flags, terminal);
    await retrying(() => opened.run(first, { signal }), flags, signal);
    return { pool: opened, place, [Symbol.asyncDispose]: () => closeSoon(opened) };
  } catch (error) {
    await pool?.destroy();
    throw asReported(error, shownPlace(place));
  }
}

/** Sessions for several places, one for each server and login. */
export class Remotes extends PerServer<Remote> {
  constructor(flags: RemoteFlags, terminal: Terminal, signal: AbortSignal) {
    super((place) => openRemote(place, flags, terminal, signal));
  }

  /** @throws CliError */
  async client(place: RemotePlace): Promise<FtpClient> {
    return (await this.of(place)).client;
  }
}

/** Pools for several places, one for each server and login. */
export class RemotePools extends PerServer<RemotePool> {
  constructor(
    flags: RemoteFlags & { readonly connections: number },
    terminal: Terminal,
    signal: AbortSignal,
  ) {
    super((place) => openPool(place, flags, terminal, signal));
  }

  /** @throws CliError */
  async pool(place: RemotePlace): Promise<FtpPool> {
    return (await this.of(place)).pool;
  }
}

/** What the client is told: the server, who logs in, and the flags. @throws CliError */
export async function clientOptions(
  { url }: RemotePlace,
  flags: RemoteFlags,
  terminal: Terminal,
): Promise<FtpClientOptions> {
  const tls = tlsOf(url.scheme, flags.tls);
  if (flags.active === true && flags.proxy !== undefined) {
    throw usageError("--active and --proxy exclude each other: the server cannot reach us through a proxy");
  }
  const tlsOptions = await tlsOptionsOf(flags, terminal);
  const login = await findLogin(url, flags, terminal);
  const { encoding, limitRate: rate, proxy, retries } = flags;
  return {
    host: url.host,
    ...(url.port !== undefined && { port: url.port }),
    ...login,
    tls,
    tlsOptions,
    timeouts: timeoutsOf(flags),
    ...(flags.active === true && { dataMode: "active" }),
    ...(proxy !== undefined && { proxy }),
    ...(encoding !== undefined && { charset: encoding }),
    ...(rate !== undefined && { rate }),
    ...(retries !== undefined && { reconnect: { attempts: retries } }),
    ...(flags.trace === true && { onTrace: traceTo(terminal) }),
  };
}

/** Does it again as often as `--retries` says, 0 times when it does not, if that may help. */
export async function retrying<T>(
  work: () => Promise<T>,
  { retries = 0 }: RemoteFlags,
  signal: AbortSignal,
): Promise<T> {
  for (let failed = 0; ; failed++) {
    try {
      return await work();
    } catch (error) {
      if (failed >= retries || signal.aborted || !(error instanceof FtpError && error.retryable)) throw error;
    }
    await sleep(Math.min(FIRST_PAUSE * 2 ** failed, LONGEST_PAUSE), undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
  }
}

/** Milliseconds. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;

/** One time for all phases; a server that hangs after an abort is not waited for long. */
function timeoutsOf({ timeout }: RemoteFlags): NonNullable<FtpClientOptions["timeouts"]> {
  if (timeout === undefined) return { abort: PATIENCE };
  const each = timeout * 1000;
  const abort = Math.min(PATIENCE, each);
  return { connect: each, reply: each, dataConnect: each, stall: each, completion: each, abort };
}

/** Milliseconds. */
const PATIENCE = 2000;

/** Says goodbye, or closes when the server does not answer. */
export async function closeSoon(session: FtpClient | FtpPool): Promise<void> {
  const late = new AbortController();
  const patience = sleep(PATIENCE, "late", { signal: late.signal }).catch(() => "closed");
  const closed = session.close().then(() => "closed");
  if ((await Promise.race([closed, patience])) === "late") await session.destroy();
  late.abort();
}
