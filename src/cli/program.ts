/** The command line as a whole: from argv to an exit code, with errors as one line on stderr. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { escapeHostile } from "../protocol/text.js";
import type { DefineCommand } from "./command.js";
import { CliError, type ExitCode, errorLine, ReaderGone, usageError } from "./errors.js";
import type { Terminal } from "./terminal.js";

type Load = () => Promise<DefineCommand>;

/** In the order of the help. A command is loaded only when it is named: all of them together take a while. */
const COMMANDS: readonly (readonly [name: string, description: string, load: Load])[] = [
  ["ls", "what is in folders of a server", async () => (await import("./client/ls.js")).defineLs],
  ["tree", "a folder with all that is in it", async () => (await import("./client/tree.js")).defineTree],
  ["cat", "files on standard output", async () => (await import("./client/cat.js")).defineCat],
  ["get", "files and folders from a server", async () => (await import("./client/get.js")).defineGet],
  ["put", "files and folders to a server", async () => (await import("./client/put.js")).definePut],
  [
    "mirror",
    "make a folder here like one on a server, or the other way round",
    async () => (await import("./client/mirror.js")).defineMirror,
  ],
  [
    "verify",
    "whether files here and on a server are the same",
    async () => (await import("./client/verify.js")).defineVerify,
  ],
  ["rm", "remove files and folders", async () => (await import("./client/rm.js")).defineRm],
  ["mkdir", "make folders", async () => (await import("./client/mkdir.js")).defineMkdir],
  ["rmdir", "remove empty folders", async () => (await import("./client/mkdir.js")).defineRmdir],
  ["mv", "rename and move on a server", async () => (await import("./client/mv.js")).defineMv],
  ["doctor", "why transfers fail", async () => (await import("./doctor/doctor.js")).defineDoctor],
  ["bookmark", "names for servers", async () => (await import("./client/bookmark.js")).defineBookmark],
  [
    "shell",
    "an interactive client, and its scripts",
    async () => (await import("./shell/shell-command.js")).defineShell,
  ],
  ["serve", "serve a folder over FTP", async () => (await import("./serve/serve.js")).defineServe],
  ["user", "accounts in a file or in MongoDB", async () => (await import("./user/user.js")).defineUser],
];

/** All others talk to one. */
const SERVER_COMMANDS: ReadonlySet<string> = new Set(["serve", "user"]);

const EXAMPLES = `
Examples:
  ferry ls ftp://ftp.example.org/pub/
  ferry get ftp://ftp.example.org/pub/film.mkv
  ferry serve ./files --port 2121`;

const DESCRIPTION = "FTP for Node.js: a client, a server to run, and its accounts";

/** Never throws. @param argv Without the program's own name. */
export async function runProgram(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    return await parseAndRun(argv[0] === "help" ? [...argv.slice(1), "--help"] : argv, terminal);
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    const known = error instanceof CliError ? error : unexpected(error);
    terminal.errors.write(errorLine(known, { json: argv.includes("--json") }));
    if (terminal.debugging && error instanceof Error) terminal.errors.write(`${error.stack}\n`);
    return known.exitCode;
  }
}

async function parseAndRun(argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const run = async (work: Promise<ExitCode>): Promise<void> => {
    exitCode = await work;
  };
  const program = new Command("ferry")
    .description(DESCRIPTION)
    .version(version(), "--version", "print the version")
    .helpOption("-h, --help", "print this")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.output.write(text),
      writeErr: (text) => terminal.errors.write(text),
      outputError: () => {}, // written below, in our form
    })
    .addHelpText("after", EXAMPLES);
  const named = argv.find((word) => COMMANDS.some(([name]) => name === word));
  for (const [name, description, load] of COMMANDS) {
    const command = program.command(name).description(description).helpCommand(false);
    command.helpGroup(SERVER_COMMANDS.has(name) ? "Server:" : "Client:");
    if (name === named) (await load())(command, terminal, run);
  }
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    // The help that commander prints when no command is named.
    if (error.code === "commander.help") return 2;
    throw usageError(usageMessage(error, program, argv));
  }
  return exitCode;
}

/** Flags that DESIGN 7 has and this version does not: an unknown flag would look like a typing mistake. */
const LATER_FLAGS: ReadonlySet<string> = new Set(["--workers", "--storage"]);

/** commander's message without its prefix and full stop, on one line. */
function usageMessage(error: CommanderError, program: Command, argv: readonly string[]): string {
  const flag = /unknown option '(--[\w-]+|-\w)/.exec(error.message)?.[1];
  if (flag !== undefined && LATER_FLAGS.has(flag)) return `${flag} is not in this version of ferry`;
  const named = namedIn(program, argv, { all: false });
  if (flag !== undefined) {
    const meant = namedIn(program, argv, { all: true });
    if (meant.command !== named.command && hasFlag(meant.command, flag))
      return `${flag} goes behind the command: \`${meant.words} ${flag} …\``;
  }
  if (error.code === "commander.unknownCommand" && argv[0]?.includes("://") === true) {
    return "what is to be done with it? A command stands before the URL, as in `ferry ls URL`; see `ferry --help`";
  }
  const message = error.message
    .replace(/^error: /, "")
    // It may be a secret.
    .replace(/^(unknown option '-[^'=]*)=.*'/s, "$1'")
    .replace(/\s+/g, " ")
    .replace(/\.? ?$/, "");
  return `${escapeHostile(message)}; see \`${named.words} --help\``;
}

interface Named {
  readonly command: Command;
  /** `ferry bookmark list` */
  readonly words: string;
}

/** The command that was named, as far as it stands in front; with `all`, whatever stands between its words. */
function namedIn(program: Command, argv: readonly string[], { all }: { readonly all: boolean }): Named {
  const words = ["ferry"];
  let command = program;
  for (const word of argv) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined && !all) break;
    if (next === undefined) continue;
    words.push(word);
    command = next;
  }
  return { command, words: words.join(" ") };
}

function hasFlag({ options }: Command, flag: string): boolean {
  return options.some(({ long, short }) => flag === long || flag === short);
}

/** A bug of ours. The message is what there is to say to a user. */
function unexpected(error: unknown): CliError {
  const message = error instanceof Error ? error.message : String(error);
  return new CliError(1, "ERR_FERRY_UNEXPECTED", `unexpected error: ${escapeHostile(message)}`, {
    cause: error,
  });
}

function version(): string {
  const content: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof content === "object" && content !== null && "version" in content
    ? String(content.version)
    : "";
}
