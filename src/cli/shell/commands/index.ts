/** All commands of the shell. */
import type { CommandBook } from "../declaration.js";
import type { Shell, ShellCommand } from "../shell.js";
import { CONNECTION } from "./connection.js";
import { FILES } from "./files.js";
import { JOBS } from "./jobs.js";
import { LOCAL } from "./local.js";
import { LOOKING } from "./looking.js";
import { MIRROR } from "./mirror.js";
import { READING } from "./reading.js";
import { SHELL_ITSELF } from "./shell-itself.js";
import { TRANSFERS } from "./transfers.js";

const ALL: readonly ShellCommand[] = [
  ...CONNECTION,
  ...LOOKING,
  ...TRANSFERS,
  ...MIRROR,
  ...READING,
  ...FILES,
  ...LOCAL,
  ...JOBS,
  ...SHELL_ITSELF,
];

const BY_NAME: ReadonlyMap<string, ShellCommand> = new Map(
  ALL.flatMap((command) => [command.name, ...command.aliases].map((name) => [name, command] as const)),
);

export const COMMANDS: CommandBook<Shell> = {
  all: ALL,
  find: (name) => BY_NAME.get(name),
};
