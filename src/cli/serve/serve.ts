/** `ferry serve`: a server in the foreground, until a signal ends it. */
import type { Command } from "commander";
import { FtpServer } from "../../server/server.js";
import type { Run } from "../command.js";
import { CliError, type ExitCode, usageError } from "../errors.js";
import type { Terminal } from "../terminal.js";
import { ServeAccounts } from "./accounts.js";
import { FileWatch } from "./file-watch.js";
import { GuestBook } from "./guest-book.js";
import { LineFile } from "./line-file.js";
import { listen } from "./listening.js";
import { ServerLog } from "./logging.js";
import { addServeOptions, type ServeOptions } from "./options.js";
import { accountLines, fingerprintLine, readyLine } from "./ready-line.js";
import { recordLogins } from "./record-logins.js";
import { serverOptionsOf } from "./server-options.js";
import { generatedAccount, type Invocation, lacksAccounts, type Settings, settingsOf } from "./settings.js";
import { loadTls, tlsFiles, tlsStamp } from "./tls.js";
import { Xferlog } from "./xferlog.js";

const STDERR = 2;

const EXAMPLES = `
Examples:
  ferry serve ./files --port 2121
  ferry serve /srv/ftp --host 0.0.0.0 --user ann:secret --passive-ports 50000-50100
  ferry serve /srv/ftp --host 0.0.0.0 --tls require --tls-self-signed --implicit-tls-port 990
  ferry serve /srv/ftp --host :: --accounts accounts.json --anonymous --xferlog /var/log/xferlog

SIGTERM and SIGINT let transfers finish (a second one does not); SIGHUP reads configuration, accounts
and certificates again; certificates are also followed by themselves.
With no --user, --anonymous or --accounts, an account with a random password is made and printed.`;

export function defineServe(command: Command, terminal: Terminal, run: Run): void {
  command.argument("[ROOT]", "folder to serve (default: the current one)").addHelpText("after", EXAMPLES);
  addServeOptions(command).action((root: string | undefined, flags: ServeOptions & { config?: string }) => {
    const { workingDirectory, stateDirectory } = terminal;
    return run(
      serve(
        { root, flags, workingDirectory, stateDirectory, onTerminal: terminal.errors.isTTY ?? false },
        terminal,
      ),
    );
  });
}

/** Resolves when a signal has ended the server. @throws CliError when it cannot start. */
export async function serve(invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  const settings = await settingsOf(invocation);
  const generated = lacksAccounts(settings) ? generatedAccount() : undefined;
  if (generated !== undefined && settings.log === "silent") {
    throw usageError(
      "--log silent would hide the generated password: give --user, --anonymous or --accounts",
    );
  }
  const log = new ServerLog(settings.log, {
    colour: terminal.errors.isTTY ?? false,
    // A closed pipe ends the log, not the server.
    destination: () => LineFile.on(terminal.errors.fd ?? STDERR, () => {}),
  });
  const running = new Running(invocation, settings, terminal, log);
  try {
    return await running.run(generated);
  } finally {
    await log.flushed();
  }
}

class Running {
  readonly #invocation: Invocation;
  readonly #terminal: Terminal;
  readonly #log: ServerLog;
  readonly #guests = new GuestBook();
  #settings: Settings;
  #tlsStamp = "";

  constructor(invocation: Invocation, settings: Settings, terminal: Terminal, log: ServerLog) {
    this.#invocation = invocation;
    this.#settings = settings;
    this.#terminal = terminal;
    this.#log = log;
  }

  async run(generated: ReturnType<typeof generatedAccount> | undefined): Promise<ExitCode> {
    const [log, guests] = [this.#log, this.#guests];
    const accounts = await ServeAccounts.open(this.#settings, { log, guests, generated });
    const { xferlog: file } = this.#settings;
    const xferlog = file === undefined ? undefined : await Xferlog.open(file, (message) => log.warn(message));
    const tls = await loadTls(this.#settings).catch(async (error: unknown) => {
      await accounts.close();
      await xferlog?.close();
      throw error;
    });
    this.#tlsStamp = tlsStamp(tls);
    const server = new FtpServer(serverOptionsOf(this.#settings, accounts.store, tls));
    const certificates = new FileWatch(() => this.#reloadTls(server));
    await certificates.follow(tlsFiles(this.#settings));
    log.attach(server, guests);
    xferlog?.attach(server, guests);
    await recordLogins(server, accounts.audit, this.#settings);
    server.on("disconnect", ({ session }) => guests.forget(session.peer));
    try {
      const addresses = await listen(server, this.#settings, (message) => log.warn(message));
      const lines = [readyLine(addresses, this.#settings.root)];
      if (this.#settings.tlsSelfSigned === true && tls !== undefined) {
        lines.push(fingerprintLine(tls.identities.all[0].fingerprint));
      }
      if (generated !== undefined) lines.push(...accountLines(addresses, generated));
      this.#terminal.output.write(`${lines.join("\n")}\n`);
      await this.#untilStopped(server, () => this.#reload(server, { accounts, xferlog, certificates }));
    } finally {
      certificates.close();
      await accounts.close();
      await xferlog?.close();
    }
    return 0;
  }

  /** The first SIGTERM or SIGINT drains, the second one destroys. */
  #untilStopped(server: FtpServer, reload: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      let stopping = false;
      let reloading = Promise.resolve();
      const end = (work: Promise<void>): void => {
        work.then(() => {
          ignoreSignals();
          resolve();
        }, reject);
      };
      const ignoreSignals = this.#terminal.onSignals((signal) => {
        if (signal === "SIGHUP") {
          reloading = reloading.then(reload);
        } else if (stopping) {
          this.#log.info(`${signal} again: closing at once`);
          end(server.destroy());
        } else {
          stopping = true;
          this.#log.info(`${signal}: closing when ${server.sessions} sessions have finished their transfers`);
          end(server.close());
        }
      });
    });
  }

  /** The files changed by themselves. Sessions keep what they have, and so does everybody when the new ones are bad. */
  async #reloadTls(server: FtpServer): Promise<void> {
    try {
      const tls = await loadTls(this.#settings);
      if (tls === undefined || tlsStamp(tls) === this.#tlsStamp) return;
      server.reconfigure({ tls });
      this.#tlsStamp = tlsStamp(tls);
      this.#log.info("certificates read again: they hold for new sessions");
    } catch (error) {
      const reason = error instanceof CliError ? error.message : "they cannot be read";
      this.#log.warn(
        `the certificates changed and cannot be used, the old ones still hold: ${reason}`,
        error,
      );
    }
  }

  /** Never throws: a configuration that cannot be used changes nothing. */
  async #reload(
    server: FtpServer,
    o: { accounts: ServeAccounts; xferlog: Xferlog | undefined; certificates: FileWatch },
  ): Promise<void> {
    const { accounts, xferlog, certificates } = o;
    try {
      const next = await settingsOf(this.#invocation);
      const tls = await loadTls(next);
      await accounts.reload(next);
      server.reconfigure({ tls, ...serverOptionsOf(next, accounts.store, tls) });
      this.#tlsStamp = tlsStamp(tls);
      await certificates.follow(tlsFiles(next));
      xferlog?.reopen();
      for (const key of ["host", "port", "implicitTlsPort", "log", "xferlog", "audit"] as const) {
        if (JSON.stringify(next[key]) === JSON.stringify(this.#settings[key])) continue;
        this.#log.warn(`a new ${key} takes effect at the next start`);
      }
      this.#settings = next;
      this.#log.info("configuration and accounts read again");
    } catch (error) {
      const reason = error instanceof CliError ? error.message : "the configuration could not be read";
      this.#log.error(`SIGHUP changed nothing: ${reason}`, error instanceof CliError ? undefined : error);
    }
  }
}
