/** A server, and a shell in front of it: with a person at a terminal, or with a script. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryAccounts } from "../../accounts/memory.js";
import { FtpServer } from "../../server/server.js";
import { openLocalStorage } from "../../storage/local/index.js";
import { Screen } from "../client/screen.support.test.js";
import type { ExitCode } from "../errors.js";
import { runProgram } from "../program.js";
import { type FakeTerminal, fakeTerminal } from "../terminal.support.test.js";

export interface Served extends AsyncDisposable {
  readonly server: FtpServer;
  /** What is served. */
  readonly files: string;
  /** Where the shell is on this machine. */
  readonly here: string;
  readonly url: string;
  readonly authority: string;
}

export async function served(): Promise<Served> {
  const files = await mkdtemp(join(tmpdir(), "ferry-shell-there-"));
  const here = await mkdtemp(join(tmpdir(), "ferry-shell-here-"));
  const accounts = new MemoryAccounts([
    {
      name: "anna",
      password: "secret",
      storage: ({ name }) => openLocalStorage({ root: files, account: name }),
    },
  ]);
  const server = new FtpServer({ accounts });
  await server.listen({ hosts: ["127.0.0.1"], port: 0 });
  const authority = `127.0.0.1:${server.addresses[0]?.port}`;
  return {
    server,
    files,
    here,
    authority,
    url: `ftp://anna:secret@${authority}`,
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(files, { recursive: true, force: true });
      await rm(here, { recursive: true, force: true });
    },
  };
}

export interface CuttingRelay extends AsyncDisposable {
  readonly url: string;
  /** Breaks all control connections. */
  cut(): void;
}

/** Stands between for control connections; data connections go past it. */
export async function cuttingRelay({ authority }: Served): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  const relay = createServer((socket) => {
    const further = connect(Number(authority.split(":")[1]), "127.0.0.1");
    for (const each of [socket, further]) {
      sockets.add(each);
      each.on("error", () => {});
      each.on("close", () => {
        socket.destroy();
        further.destroy();
      });
    }
    socket.pipe(further).pipe(socket);
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const cut = (): void => {
    for (const each of sockets) each.resetAndDestroy();
    sockets.clear();
  };
  return {
    url: `ftp://anna:secret@127.0.0.1:${(relay.address() as AddressInfo).port}`,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      relay.close();
      await once(relay, "close");
    },
  };
}

export interface Scripted {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** `ferry shell` without a person. */
export async function scripted(
  { here, url }: Pick<Served, "here" | "url">,
  argv: readonly string[],
  input = "",
): Promise<Scripted> {
  const terminal = fakeTerminal({ workingDirectory: here, input });
  const exitCode = await runProgram(["shell", ...argv, url], terminal);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

/** Milliseconds; far more than anything here takes. */
const PATIENCE = 15_000;

/** Somebody who types, and sees the screen. */
export class Person {
  readonly terminal: FakeTerminal;
  readonly screen: Screen;
  readonly #ended: Promise<ExitCode>;
  readonly #looks = new Set<() => void>();

  constructor(argv: readonly string[], here: string, { columns = 80, rows = 30 } = {}) {
    this.screen = new Screen(columns, rows);
    const write = this.screen.write.bind(this.screen);
    this.screen.write = (chunk) => {
      write(chunk);
      for (const look of [...this.#looks]) look();
    };
    const fake = fakeTerminal({ workingDirectory: here, isTTY: true });
    this.terminal = { ...fake, output: this.screen, errors: this.screen };
    this.#ended = runProgram(["shell", ...argv], this.terminal);
  }

  type(keys: string): void {
    this.terminal.input.write(keys);
  }

  /** Resolves when the screen shows it; `this.screen.all` is what it showed then. */
  sees(expected: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#looks.delete(look);
        reject(new assert.AssertionError({ message: `${expected} is not on the screen:\n${this.shown}` }));
      }, PATIENCE);
      const look = (): void => {
        if (!expected.test(this.shown)) return;
        clearTimeout(late);
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
  }

  get shown(): string {
    return this.screen.all.join("\n");
  }

  ended(): Promise<ExitCode> {
    return this.#ended;
  }
}
