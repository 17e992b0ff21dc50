/** `ferry get`: files and folders from servers to this machine. */
import type { Command } from "commander";
import { FtpReplyError } from "../../client/errors.js";
import type { DefineCommand } from "../command.js";
import { type ExitCode, usageError } from "../errors.js";
import { one } from "../flags.js";
import { interruptible } from "../interrupts.js";
import type { Terminal } from "../terminal.js";
import { addRemoteFlags } from "./remote-flags.js";
import { addTransferFlags, checkTransferFlags, type TransferFlags } from "./transfer-flags.js";
