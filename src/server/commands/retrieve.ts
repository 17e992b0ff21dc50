/** RETR and ABOR (RFC 959 4.1.3). */
import { nameOf } from "../../protocol/pathname.js";
import { reply } from "../../protocol/reply.js";
import { none, requiredPathname } from "../argument.js";
import { defineCommand } from "../command.js";
import { openingText } from "../opening.js";

const retr = defineCommand({
  verb: "RETR",
  reference: "RFC 959 4.1.3",
  summary: "Send a file.",
  argument: requiredPathname,
  needs: { login: true, permission: "download", dataConnection: true },
  replies: [125, 150, 226, 425, 426, 450, 451, 501, 521, 522, 550],
  failures: { "bad-name": 550, timeout: 451 },
  async run({ session, argument: path, transfer }) {
    const start = session.takeRestart();
    if (start > 0 && session.parameters.type.kind === "ascii") return reply(501, "REST needs TYPE I.");
    const source = await session.storage.openRead(path, { start, signal: session.operation.signal });
    const opening = openingText(session, nameOf(path), source.size);
    return await transfer.send({ path, source, start, content: "file", opening });
  },
});

const abor = defineCommand({
  verb: "ABOR",
  reference: "RFC 959 4.1.3",
  summary: "Abort the transfer that runs.",
  argument: none,
  duringTransfer: "abort",
  replies: [225, 226],
  /** The PI has aborted what ran. */
  run({ session }) {
    if (session.dataPort.established) return reply(225, "No transfer runs; the data connection is open.");
    return reply(226, "No transfer runs.");
  },
});

export const RETRIEVE = [retr, abor];
