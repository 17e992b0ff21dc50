/**
 * An account store of one's own: a web service of the company knows who may log in.
 * `node build/examples/accounts-over-http.js https://accounts.example.com/ftp-login /srv/ftp 2121`
 *
 * The service gets `POST {"name","password","peer"}` and answers 200 `{"permissions","limits"}`, or 401 for a wrong
 * name or password (in the same time), or 403 for an account that is closed.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Account,
  type AccountLease,
  type AccountStore,
  isAccountName,
  type LoginAnswer,
  type LoginAttempt,
  type PermissionNames,
  permissionsOf,
} from "ferry/accounts";
import { pathname } from "ferry/protocol";
import { FtpServer } from "ferry/server";
import type { Storage } from "ferry/storage";
import { openLocalStorage } from "ferry/storage/local";

export interface HttpAccountsOptions {
  readonly url: string;
  readonly openStorage: (account: string) => Promise<Storage>;
  /** Milliseconds; a login must be answered in a bounded time. */
  readonly timeout?: number;
}

export class HttpAccounts implements AccountStore {
  readonly #o: HttpAccountsOptions;
  readonly #sessions = new Map<string, number>();

  constructor(o: HttpAccountsOptions) {
    this.#o = o;
  }

  /** What throws here is answered 421: "Logins are not possible now". */
  async authenticate(attempt: LoginAttempt): Promise<LoginAnswer> {
    const { name, password, peer, signal } = attempt;
    // USER with a client certificate asks without a password: one is always needed here.
    if (password === undefined) return { refused: "credentials" };
    // The name becomes a folder, and goes to people's logs: what is no name is not asked for.
    if (!isAccountName(name) || name === "." || name === "..") return { refused: "credentials" };
    const response = await fetch(this.#o.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name, password, peer: peer.address }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.#o.timeout ?? 5000)]),
    });
    if (response.status === 401) return { refused: "credentials" };
    if (response.status === 403) return { refused: "disabled" };
    if (response.status !== 200) return { refused: "unavailable" };
    const said = (await response.json()) as { permissions: PermissionNames; limits?: { sessions?: number } };
    return {
      ok: {
        name,
        storage: await this.#o.openStorage(name),
        home: pathname("/"),
        permissions: permissionsOf(said.permissions),
        limits: said.limits ?? {},
      },
    };
  }

  /** Counts sessions in this process. A service that counts them for many servers would be asked here. */
  async open(account: Account): Promise<AccountLease | { readonly refused: "limit" }> {
    const { name } = account;
    const count = this.#sessions.get(name) ?? 0;
    if (count >= (account.limits.sessions ?? Number.POSITIVE_INFINITY)) return { refused: "limit" };
    this.#sessions.set(name, count + 1);
    let open = true;
    return {
      current: account,
      onChange() {}, // Nothing changes while a session runs.
      reserve() {}, // Nothing is bounded.
      [Symbol.asyncDispose]: async () => {
        if (open) this.#sessions.set(name, (this.#sessions.get(name) ?? 1) - 1);
        open = false;
      },
    };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url = "http://127.0.0.1:8080/", root = ".", port = "2121"] = process.argv.slice(2);
  const openStorage = (account: string) => openLocalStorage({ root: join(resolve(root), account), account });
  const server = new FtpServer({ accounts: new HttpAccounts({ url, openStorage }) });
  for (const address of await server.listen({ port: Number(port) })) {
    console.log(`Listening on ${address.address} port ${address.port}`);
  }
}
