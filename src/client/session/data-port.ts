/** How a session's data connections are made: EPSV, PASV, or the server connects to us; what works is remembered. */
import { ActiveConnection } from "../../connection/active.js";
import { addressFamily, sameAddress } from "../../connection/address.js";
import { ClosingPatience } from "../../connection/closing-patience.js";
import { type DataConnection, DataConnectionError } from "../../connection/data-connection.js";
import type { PlainDataConnection } from "../../connection/data-socket.js";
import { PassivePort } from "../../connection/passive.js";
import { PortRange } from "../../connection/port-range.js";
import { type SecuredOptions, securedConnection } from "../../connection/tls/secured-connection.js";
import {
  formatExtendedPort,
  formatPort,
  parseExtendedPassiveReply,
  parsePassiveReply,
} from "../../protocol/host-port.js";
import type { Reply } from "../../protocol/reply.js";
import { FtpAbortError, FtpDataConnectionError, type FtpError, FtpReplyError } from "../errors.js";
import type { Settings } from "../options.js";
import { type Route, TunnelledConnection } from "./dial.js";
import type { Protection } from "./protection.js";
import type { Target } from "./proxy.js";
import type { UserPi, Wait } from "./user-pi.js";

export type DataMethod = "EPSV" | "PASV" | "active";

/** What outlives a session: the next one begins with what has worked. */
export interface DataMemory {
  worked?: DataMethod;
}

/** What a data connection is for. */
export type DataUse = Pick<SecuredOptions, "direction" | "acceptBareEnd">;

/** What a data port needs of its session. */
export interface DataPortOptions {
  readonly pi: UserPi;
  readonly settings: Settings;
  readonly route: Route;
  readonly protection: Protection;
}

const ACTIVE_PORTS = { from: 49_152, to: 65_535 };

/** One per control connection. */
export class DataPort {
  readonly #pi: UserPi;
  readonly #settings: Settings;
  readonly #route: Route;
  readonly #protection: Protection;
  readonly #memory: DataMemory;
  readonly #patience = new ClosingPatience();
  #listening: PassivePort | undefined;
  /** All that can be tried in this session. */
  #ways: readonly DataMethod[] | undefined;

  constructor({ pi, settings, route, protection }: DataPortOptions, memory: DataMemory) {
    this.#pi = pi;
    this.#settings = settings;
    this.#route = route;
    this.#protection = protection;
    this.#memory = memory;
  }

  /**
   * A data connection for one transfer: connected already in passive mode, so that a way that is blocked is found
   * out before the server was asked for anything; awaited after the command in active mode.
   * @throws FtpDataConnectionError when none of the ways works
   */
  async prepare(use: DataUse, wait: Wait): Promise<DataConnection> {
    const failures: { method: DataMethod; error: FtpError }[] = [];
    for (const method of this.#order()) {
      try {
        const connection = await this.#try(method, use, wait);
        this.#memory.worked = method;
        return connection;
      } catch (error) {
        if (!isAboutTheWay(error)) throw error;
        failures.push({ method, error });
      }
    }
    const tried = failures.map(({ method, error }) => `${method}: ${error.message}`).join("; ");
    throw new FtpDataConnectionError(`no data connection could be made (${tried})`, {
      phase: "data-connection",
      reply: failures.at(-1)?.error.reply,
      cause: failures.at(-1)?.error,
      hint: 'A firewall may block the server\'s passive ports; `dataMode: "active"` needs one that lets us be reached.',
    });
  }

  /** Whether {@link ask} and {@link answered} can be used: a passive way that has worked. */
  get isProven(): boolean {
    return this.#order()[0] === this.#memory.worked && this.#memory.worked !== "active";
  }

  /** Sends the command of the way that has worked, whose reply `answered` takes. */
  ask(): void {
    this.#pi.send(this.#memory.worked === "PASV" ? "PASV" : "EPSV", undefined, "data-connection");
  }

  /** As {@link prepare}, after `ask`. @throws FtpDataConnectionError when the way works no more; `prepare` may find another */
  async answered(use: DataUse, wait: Wait): Promise<DataConnection> {
    const method = this.#memory.worked === "PASV" ? "PASV" : "EPSV";
    try {
      const reply = await this.#pi.completion(wait);
      return await this.#connected(this.#target(method, reply, wait), use, wait);
    } catch (cause) {
      if (!isAboutTheWay(cause)) throw cause;
      delete this.#memory.worked;
      throw new FtpDataConnectionError("no data connection came about", { phase: "data-connection", cause });
    }
  }

  async close(): Promise<void> {
    await this.#listening?.close();
  }

  /** What has worked comes first. */
  #order(): readonly DataMethod[] {
    this.#ways ??= this.#possible();
    const all = this.#ways;
    const { worked } = this.#memory;
    if (worked === undefined || worked === all[0] || !all.includes(worked)) return all;
    return [worked, ...all.filter((method) => method !== worked)];
  }

  #possible(): readonly DataMethod[] {
    const { dataMode } = this.#settings;
    const passive: DataMethod[] = this.#isIpv6 ? ["EPSV"] : ["EPSV", "PASV"];
    if (dataMode === "active") return ["active"];
    return dataMode === "passive" || this.#route.proxy !== undefined ? passive : [...passive, "active"];
  }

  get #isIpv6(): boolean {
    return addressFamily(this.#pi.dataHost) === 6;
  }

  async #try(method: DataMethod, use: DataUse, wait: Wait): Promise<DataConnection> {
    if (method === "active") return await this.#active(use, wait);
    const reply = await this.#pi.exchange(method, undefined, wait);
    return await this.#connected(this.#target(method, reply, wait), use, wait);
  }

  #target(method: "EPSV" | "PASV", reply: Reply<number>, wait: Wait): Target {
    return method === "EPSV" ? this.#extendedPassive(reply, wait) : this.#passive(reply, wait);
  }

  #extendedPassive(reply: Reply<number>, wait: Wait): Target {
    if (reply.code !== 229) throw new FtpReplyError("EPSV", { phase: wait.phase, reply });
    const port = parseExtendedPassiveReply(reply.lines.join(" "));
    if (port === undefined) throw new FtpReplyError("EPSV", { phase: wait.phase, reply });
    return { host: this.#pi.dataHost, port };
  }

  #passive(reply: Reply<number>, wait: Wait): Target {
    if (reply.code !== 227) throw new FtpReplyError("PASV", { phase: wait.phase, reply });
    const found = parsePassiveReply(reply.lines.join(" "));
    if (found === undefined) throw new FtpReplyError("PASV", { phase: wait.phase, reply });
    const own = this.#pi.dataHost;
    const host = this.#settings.trustPassiveAddress ? found.address : own;
    if (host === own && !sameAddress(found.address, own) && addressFamily(own) !== undefined) {
      const text = `the address in the 227 is not the server's, and is not used (trustPassiveAddress)`;
      this.#settings.trace?.({ kind: "note", text });
    }
    return { host, port: found.port };
  }

  async #connected({ host, port }: Target, use: DataUse, { signal }: Wait): Promise<DataConnection> {
    const inner =
      this.#route.proxy === undefined
        ? new ActiveConnection({
            address: host,
            port,
            patience: this.#patience,
            ...(this.#route.localAddress !== undefined && { localAddress: this.#route.localAddress }),
          })
        : new TunnelledConnection({ host, port }, this.#route, this.#patience);
    try {
      await inner.connect({ signal, timeout: this.#settings.timeouts.dataConnect });
      return this.#protected(inner, use);
    } catch (error) {
      await inner[Symbol.asyncDispose]();
      if (signal.aborted) throw new FtpAbortError("data-connection", signal.reason);
      if (!(error instanceof DataConnectionError)) throw error;
      throw new FtpDataConnectionError(`port ${port}: ${error.message}`, {
        phase: "data-connection",
        cause: error,
      });
    }
  }

  async #active(use: DataUse, wait: Wait): Promise<DataConnection> {
    const { active, allowForeignData } = this.#settings;
    const address = active.address ?? this.#pi.localAddress;
    const family = addressFamily(address);
    this.#listening ??= new PassivePort({
      localAddress: this.#pi.localAddress,
      range: new PortRange(active.ports ?? ACTIVE_PORTS),
      unused: "reset",
      peerAllowed: (peer) => allowForeignData || sameAddress(peer, this.#pi.dataHost),
    });
    let connection: PlainDataConnection;
    try {
      connection = await this.#listening.lease();
    } catch (cause) {
      throw new FtpDataConnectionError("no port to listen on", { phase: "data-connection", cause });
    }
    try {
      const { port } = this.#listening;
      if (family === 4) await this.#pi.expect("PORT", formatPort({ address, port }), wait);
      else await this.#pi.expect("EPRT", formatExtendedPort({ family: 6, address, port }), wait);
      return this.#protected(connection, use);
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** In TLS where PROT says so. The handshake begins behind the 1xx: pyftpdlib does not take it before. */
  #protected(plain: PlainDataConnection, use: DataUse): DataConnection {
    const tls = this.#protection.forData;
    if (tls === undefined) return plain;
    return securedConnection(plain, tls, {
      ...use,
      handshakeTimeout: this.#settings.timeouts.dataConnect,
    });
  }
}

/** Whether another way may work: the server refused this one, or its connection failed. */
function isAboutTheWay(error: unknown): error is FtpError {
  if (error instanceof FtpReplyError) return true;
  return error instanceof FtpDataConnectionError;
}
