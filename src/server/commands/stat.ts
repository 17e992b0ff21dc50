/** STAT (RFC 959 4.1.3): of the server, of a transfer that runs, or of a pathname. */
import { MAX_STAT_ENTRIES } from "../../protocol/limits.js";
import { nameOf, type Pathname, resolvePathname } from "../../protocol/pathname.js";
import { type Reply, reply } from "../../protocol/reply.js";
import { formatType } from "../../protocol/representation.js";
import { printable } from "../../protocol/text.js";
import type { Operation, Storage } from "../../storage/storage.js";
import { defineCommand } from "../command.js";
import { isAllowed } from "../gates.js";
import { lineFormat } from "../list-line.js";
import { permissionDenied } from "../reply-for-error.js";
import type { RunningTransfer, Session } from "../session.js";

const FAILURES = {
  "not-found": 450,
  denied: 450,
  "not-directory": 450,
  "not-regular": 450,
  "too-many-links": 450,
  "bad-name": 450,
} as const;

const stat = defineCommand({
  verb: "STAT",
  reference: "RFC 959 4.1.3",
  summary: "Tell the state of the session and its transfer, or list a pathname over the control connection.",
  argument: {
    syntax: "[<SP> <pathname>]",
    // `STAT -l` and `STAT -la x` are sent by old clients.
    parse: (text, from) => {
      const typed = text.replace(/^-[aAlLR1]+(?: |$)/, "");
      return text === "" ? undefined : resolvePathname(from, typed);
    },
  },
  needs: { login: true },
  duringTransfer: "now",
  replies: [211, 212, 213, 450, 451],
  failures: FAILURES,
  async run({ session, argument: path }) {
    if (path === undefined) return statusOf(session);
    if (!(await isAllowed(session, "list", path))) return permissionDenied(FAILURES);
    return await statusOfPathname(session.storage, path, session.operation);
  },
});

function statusOf(session: Session): Reply {
  const { type, structure, mode } = session.parameters;
  const { transfer } = session;
  return reply(
    211,
    "Status of this session:",
    `Connected from ${session.peer.address} to ${session.local.address}`,
    `Logged in as ${printable(session.info.account ?? "nobody")}`,
    `TYPE: ${formatType(type)}, STRU: ${structure}, MODE: ${mode}`,
    `Sessions on this server: ${session.server.sessionCount}`,
    transfer === undefined ? dataPortStatus(session) : transferStatus(transfer),
    "End of status",
  );
}

function dataPortStatus({ dataPort }: Session): string {
  if (dataPort.requested === undefined) return "No data connection";
  return dataPort.established
    ? "Data connection open, no transfer"
    : `Data connection asked for (${dataPort.requested})`;
}

function transferStatus({ verb, path, progress }: RunningTransfer): string {
  const total = progress.total === undefined ? "" : ` of ${progress.total}`;
  const seconds = (progress.elapsed / 1000).toFixed(1);
  return `Transfer: ${verb} ${printable(path)}, ${progress.bytes}${total} bytes in ${seconds} s`;
}

/** 213 for a file, 212 for a directory (RFC 959 4.1.3), bounded because nothing of it can stream. */
async function statusOfPathname(storage: Storage, path: Pathname, operation: Operation): Promise<Reply> {
  const format = lineFormat("long", "");
  const entry = await storage.stat(path, operation);
  const heading = `Status of ${printable(path)}:`;
  if (entry.type !== "directory") {
    return reply(213, heading, format({ ...entry, name: nameOf(path) }).trimEnd(), "End of status");
  }
  const lines: string[] = [];
  for await (const batch of storage.list(path, operation)) {
    for (const each of batch) lines.push(format(each).trimEnd());
    if (lines.length >= MAX_STAT_ENTRIES) {
      lines.length = MAX_STAT_ENTRIES;
      lines.push(`(cut after ${MAX_STAT_ENTRIES} entries: LIST and MLSD send all)`);
      break;
    }
  }
  return reply(212, heading, ...lines, "End of status");
}

export const STAT = [stat];
