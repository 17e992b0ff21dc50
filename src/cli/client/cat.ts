/** `ferry cat`: files of a server on standard output. */
import { Writable } from "node:stream";
import type { Command } from "commander";
import type { Run } from "../command.js";
import { CliError } from "../errors.js";
import type { Terminal, TerminalOutput } from "../terminal.js";
import { retrying } from "./connection.js";
import { addRemoteFlags, type RemoteFlags } from "./remote-flags.js";
import { refusedAsFolder, refuseFile, type Target, withTargets } from "./targets.js";

interface CatFlags extends RemoteFlags {
  readonly ascii?: boolean;
}

const EXAMPLES = `
Examples:
  ferry cat ftp://ftp.example.org/pub/README
  ferry cat 'ftp://anna@ftp.example.org/logs/2026-*.gz' | zcat | grep error
  ferry cat --ascii ftp://mainframe.example.org/report.txt`;

export function defineCat(command: Command, terminal: Terminal, run: Run): void {
  command
    .argument("<URL...>", "files or patterns")
    .option("--ascii", "convert line ends, as ;type=a behind the URL does")
    .addHelpText("after", EXAMPLES);
  addRemoteFlags(command).action((urls: string[], flags: CatFlags) =>
    run(
      withTargets(urls, { flags, patterns: true }, terminal, (target) => cat(target, flags, terminal.output)),
    ),
  );
}

async function cat(target: Target, flags: CatFlags, output: TerminalOutput): Promise<void> {
  const { type, folder } = target.place.url;
  await refuseFile(target);
  if (folder || type === "d") throw isAFolder(target);
  try {
    await copy(target, { ascii: flags.ascii === true || type === "a", retries: flags.retries }, output);
  } catch (error) {
    throw (await refusedAsFolder(error, target)) ? isAFolder(target) : error;
  }
}

async function copy(
  { client, path, signal }: Target,
  { ascii, retries = 0 }: { readonly ascii: boolean; readonly retries: number | undefined },
  output: TerminalOutput,
): Promise<void> {
  const written = { bytes: 0 };
  await retrying(
    async () => {
      const target = new OutputStream(output, written);
      const o = { signal, start: written.bytes, type: ascii ? "ascii" : "image" } as const;
      await client.download(path, target, o);
    },
    // Where line ends are converted, nobody knows at which byte the rest begins.
    { retries: ascii ? 0 : retries },
    signal,
  );
}

function isAFolder({ shown }: Target): CliError {
  return new CliError(1, "ERR_FERRY_IS_FOLDER", `${shown} is a folder: \`ferry ls\` shows what is in it`);
}

/** Standard output as a stream that may end while standard output goes on. */
class OutputStream extends Writable {
  readonly #output: TerminalOutput;
  readonly #written: { bytes: number };

  constructor(output: TerminalOutput, written: { bytes: number }) {
    super({ highWaterMark: 256 * 1024 });
    this.#output = output;
    this.#written = written;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#output.write(chunk);
    this.#written.bytes += chunk.length;
    this.#output.drained().then(() => callback(), callback);
  }
}
