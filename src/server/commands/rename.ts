/** Names of files (RFC 959 4.1.3): RNFR, RNTO, DELE. */
import { ROOT } from "../../protocol/pathname.js";
import { reply } from "../../protocol/reply.js";
import { StorageError } from "../../storage/errors.js";
import { requiredPathname } from "../argument.js";
import { defineCommand } from "../command.js";
import { isAllowed, isUniformBelow } from "../gates.js";

const rnfr = defineCommand({
  verb: "RNFR",
  reference: "RFC 959 4.1.3",
  summary: "Say what to rename; RNTO follows.",
  argument: requiredPathname,
  needs: { login: true, permission: "rename", links: "kept" },
  replies: [350, 450, 550],
  failures: { "bad-name": 550 },
  async run({ session, argument: path }) {
    session.renameFrom = undefined;
    if (path === ROOT) throw new StorageError("denied", "the root cannot be renamed");
    const { storage, operation } = session;
    // Links are renamed themselves, so one that leads nowhere can be renamed too.
    const entry = await (storage.statLink ?? storage.stat).call(storage, path, operation);
    if (entry.type === "directory" && (await isUniformBelow(session, path)) !== true) {
      throw new StorageError("denied", "other permissions hold for some of what is below");
    }
    session.renameFrom = path;
    return reply(350, "Send the new name with RNTO.");
  },
});

const rnto = defineCommand({
  verb: "RNTO",
  reference: "RFC 959 4.1.3",
  summary: "Say the new name of what RNFR named.",
  argument: requiredPathname,
  needs: { login: true, permission: "rename", links: "kept" },
  replies: [250, 450, 451, 503, 553],
  // 5.4 gives RNTO no 550 but 553.
  failures: {
    "not-found": 553,
    denied: 553,
    exists: 553,
    "not-empty": 553,
    "is-directory": 553,
    "not-directory": 553,
    "read-only": 553,
    "too-many-links": 553,
    "no-space": 553,
    quota: 553,
  },
  async run({ session, argument: to }) {
    const from = session.renameFrom;
    if (from === undefined) return reply(503, "Send RNFR first.");
    session.renameFrom = undefined;
    if ((await isUniformBelow(session, to)) === false) {
      throw new StorageError("denied", "other permissions hold below the new name");
    }
    const replace = await isAllowed(session, "overwrite", to, "kept");
    await session.storage.rename(from, to, { ...session.operation, replace });
    return reply(250, "Renamed.");
  },
});

const dele = defineCommand({
  verb: "DELE",
  reference: "RFC 959 4.1.3",
  summary: "Delete a file.",
  argument: requiredPathname,
  needs: { login: true, permission: "delete", links: "kept" },
  replies: [250, 450, 451, 550],
  failures: { "bad-name": 550 },
  async run({ session, argument: path }) {
    await session.storage.remove(path, session.operation);
    return reply(250, "Deleted.");
  },
});

export const RENAME = [rnfr, rnto, dele];
