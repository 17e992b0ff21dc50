/** All commands. A new one is written in the file of its family, or in a file of its own that is added here. */
import type { Command } from "../command.js";
import { DATA_PORT } from "./data-port.js";
import { DIRECTORY } from "./directory.js";
import { FACTS } from "./facts.js";
import { LIST } from "./list.js";
import { LOGIN } from "./login.js";
import { PARAMETERS } from "./parameters.js";
import { RENAME } from "./rename.js";
import { RETRIEVE } from "./retrieve.js";
import { SITE } from "./site.js";
import { STAT } from "./stat.js";
import { STATUS } from "./status.js";
import { STORE } from "./store.js";
import { TLS } from "./tls.js";

export const COMMANDS: readonly Command[] = [
  ...LOGIN,
  ...TLS,
  ...DIRECTORY,
  ...DATA_PORT,
  ...PARAMETERS,
  ...RETRIEVE,
  ...STORE,
  ...LIST,
  ...FACTS,
  ...RENAME,
  ...STATUS,
  ...STAT,
  ...SITE,
];
