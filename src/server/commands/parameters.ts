/** Transfer parameters (RFC 959 4.1.2, 5.3.1): TYPE, STRU, MODE, REST, ALLO. */
import { codecFor } from "../../dtp/codec.js";
import { type Reply, reply } from "../../protocol/reply.js";
import {
  formatType,
  parseMode,
  parseStructure,
  parseType,
  type TransferParameters,
} from "../../protocol/representation.js";
import { StorageError } from "../../storage/errors.js";
import { parsed } from "../argument.js";
import { defineCommand, type LoggedInSession } from "../command.js";
import type { Session } from "../session.js";

const type = defineCommand({
  verb: "TYPE",
  reference: "RFC 959 4.1.2, 5.3.2",
  summary: "Choose the representation type: A (ASCII), I (image), L 8.",
  argument: parsed("<type-code>", parseType),
  needs: { login: true },
  replies: [200, 504],
  run: ({ session, argument }) =>
    change(session, { ...session.parameters, type: argument }, `TYPE is ${formatType(argument)}.`),
});

const stru = defineCommand({
  verb: "STRU",
  reference: "RFC 959 4.1.2, 5.3.2",
  summary: "Choose the file structure: F (file).",
  argument: parsed("<structure-code>", parseStructure),
  needs: { login: true },
  replies: [200, 504],
  run: ({ session, argument }) =>
    change(session, { ...session.parameters, structure: argument }, `STRU is ${argument}.`),
});

const mode = defineCommand({
  verb: "MODE",
  reference: "RFC 959 4.1.2, 5.3.2",
  summary: "Choose the transmission mode: S (stream).",
  argument: parsed("<mode-code>", parseMode),
  needs: { login: true },
  replies: [200, 504],
  run: ({ session, argument }) =>
    change(session, { ...session.parameters, mode: argument }, `MODE is ${argument}.`),
});

function change(session: Session, parameters: TransferParameters, text: string): Reply {
  if (codecFor(parameters) === "unsupported") return reply(504, "That is not supported here.");
  session.parameters = parameters;
  return reply(200, text);
}

const rest = defineCommand({
  verb: "REST",
  reference: "RFC 3659 5",
  summary: "Begin the next transfer at this byte.",
  argument: parsed("<marker>", parseOffset),
  needs: { login: true },
  feature: "REST STREAM",
  replies: [350, 501],
  run({ session, argument: offset }) {
    // Bytes of the encoding are not bytes of the file there, so an offset would hit another place than meant.
    if (session.parameters.type.kind === "ascii" && offset > 0) {
      return reply(501, "REST needs TYPE I.");
    }
    session.restart = offset;
    return reply(350, `The next transfer begins at byte ${offset}.`);
  },
});

/** RFC 3659 5.1: decimal digits; up to what a number holds exactly, 2^53 - 1. */
function parseOffset(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const offset = Number(text);
  return Number.isSafeInteger(offset) ? offset : undefined;
}

const allo = defineCommand({
  verb: "ALLO",
  reference: "RFC 959 4.1.3",
  summary: "Ask whether there is room for a file.",
  argument: parsed("<decimal-integer> [<SP> R <SP> <decimal-integer>]", parseAllocation),
  needs: { login: true },
  replies: [200, 202, 504, 552],
  async run({ session, argument: { bytes, recordSize } }) {
    if (recordSize !== undefined) return reply(504, "Files have no records here.");
    const space = await availableSpace(session);
    if (space === undefined) return reply(202, "Nothing needs to be allocated.");
    if (bytes <= space) return reply(200, "There is room.");
    // 5.4 lists no 552 for ALLO, but it is what ProFTPD and Pure-FTPd say.
    const text = `There is room for ${space} bytes only.`;
    return session.server.options.strictRfc959 ? reply(504, text) : reply(552, text);
  },
});

/** Undefined also when the storage cannot tell now: STOR finds out, and 5.4 has no code for it here. */
async function availableSpace({ storage, workingDirectory, operation }: LoggedInSession) {
  try {
    return await storage.availableSpace?.(workingDirectory, operation);
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

function parseAllocation(text: string): { bytes: number; recordSize?: number } | undefined {
  const found = /^(\d{1,16})(?: +R +(\d{1,16}))?$/i.exec(text.trim());
  if (found === null) return undefined;
  const bytes = Number(found[1]);
  return found[2] === undefined ? { bytes } : { bytes, recordSize: Number(found[2]) };
}

export const PARAMETERS = [type, stru, mode, rest, allo];
