/** TLS of one session (RFC 4217): when it begins, what is agreed about data connections, and what is known of it. */
import { ClientTls, type TlsSecurity } from "../../connection/tls/client-tls.js";
import type { Settings } from "../options.js";
import { FtpTlsError } from "../tls-error.js";
import type { TlsSettings } from "../tls-options.js";
import type { UserPi, Wait } from "./user-pi.js";

/** How a session is protected; undefined in clear. */
export interface FtpSecurity extends TlsSecurity {
  /** Whether the last data connection resumed the control connection's TLS session. */
  readonly dataReused?: boolean;
}

/** `data`: what PROT said; "?" when it has to be said again. */
type State =
  | { readonly kind: "clear" }
  | { readonly kind: "protected"; readonly tls: ClientTls; data: "private" | "clear" | "?" };

const CLEAR: State = { kind: "clear" };

export class Protection {
  readonly #pi: UserPi;
  readonly #settings: TlsSettings | undefined;
  readonly #trace: Settings["trace"];
  #state: State = CLEAR;

  constructor(pi: UserPi, settings: TlsSettings | undefined, trace: Settings["trace"]) {
    this.#pi = pi;
    this.#settings = settings;
    this.#trace = trace;
  }

  get security(): FtpSecurity | undefined {
    if (this.#state.kind === "clear") return undefined;
    const { security, dataReused } = this.#state.tls;
    return security === undefined
      ? undefined
      : { ...security, ...(dataReused !== undefined && { dataReused }) };
  }

  /** TLS for the next data connection; undefined for one in clear. Before it is agreed, none is in clear. */
  get forData(): ClientTls | undefined {
    return this.#state.kind === "protected" && this.#state.data !== "clear" ? this.#state.tls : undefined;
  }

  /** Before the greeting: implicit TLS. @throws FtpTlsError */
  async beforeGreeting(wait: Wait): Promise<void> {
    if (this.#settings?.mode === "implicit") await this.#secure(this.#settings, wait);
  }

  /** Behind the greeting, whatever that says (CVE-2021-22946), and before any name: AUTH. @throws FtpTlsError */
  async afterGreeting(wait: Wait): Promise<void> {
    if (this.#settings === undefined || this.#settings.mode === "implicit") return;
    let reply = await this.#pi.exchange("AUTH", "TLS", wait);
    // Servers that are older than RFC 4217 know the mechanism by another name.
    if (reply.code === 504) reply = await this.#pi.exchange("AUTH", "SSL", wait);
    // RFC 2228 has 334 for mechanisms that go on with ADAT; TLS is none, and some servers say it all the same.
    if (reply.code === 234 || reply.code === 334) return await this.#secure(this.#settings, wait);
    if (this.#settings.mode === "explicit") throw FtpTlsError.refused("AUTH", reply);
    this.#note("the server takes no TLS: name, password and files go in clear");
  }

  /** What a new login, or a raw command, may have changed is agreed anew before the next transfer. */
  forget(): void {
    if (this.#state.kind === "protected") this.#state.data = "?";
  }

  /** Whether there is nothing for {@link agree} to do. */
  get agreed(): boolean {
    return this.#state.kind === "clear" || this.#state.data !== "?";
  }

  /** PBSZ and PROT (RFC 4217 9), where they have not been said. @throws FtpTlsError */
  async agree(wait: Wait): Promise<void> {
    const state = this.#state;
    if (state.kind === "clear" || this.agreed || this.#settings === undefined) return;
    const { mode, data } = this.#settings;
    // RFC 2228 3: it comes before PROT; of no use in TLS, and so its answer is of none.
    await this.#pi.exchange("PBSZ", "0", wait);
    const level = data === "private" ? "P" : "C";
    const reply = await this.#pi.exchange("PROT", level, wait);
    if (reply.code < 300) state.data = data;
    else if (mode === "implicit" && (reply.code === 500 || reply.code === 502)) {
      // From before RFC 4217: with implicit TLS everything is in TLS.
      state.data = "private";
      this.#note("the server knows no PROT: data connections are in TLS, as implicit TLS has it");
    } else if (mode === "auto") {
      state.data = "clear";
      this.#note(`the server refuses PROT ${level}: files and listings go in clear`);
    } else throw FtpTlsError.refused("PROT", reply);
  }

  async #secure({ client }: TlsSettings, wait: Wait): Promise<void> {
    const tls = new ClientTls(client);
    await this.#pi.secure((stream) => tls.connectControl(stream), wait);
    this.#state = { kind: "protected", tls, data: "?" };
    const { protocol, cipher, authorized, authorizationError } = tls.security as TlsSecurity;
    this.#note(`TLS begins: ${protocol}, ${cipher}`);
    if (!authorized) this.#note(`the server's certificate is not verified: ${authorizationError}`);
  }

  #note(text: string): void {
    this.#trace?.({ kind: "note", text });
  }
}
