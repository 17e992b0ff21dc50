/** Directories (RFC 959 4.1.1, 4.1.3): CWD, CDUP, PWD, MKD, RMD, SMNT, and their X-forms (RFC 775, RFC 1123 4.1.3.1). */
import type { Pathname } from "../../protocol/pathname.js";
import { parentOf, quotePathname, ROOT } from "../../protocol/pathname.js";
import { type Reply, reply } from "../../protocol/reply.js";
import { StorageError } from "../../storage/errors.js";
import { none, requiredPathname, requiredText } from "../argument.js";
import { defineCommand, type LoggedInSession } from "../command.js";

const cwd = defineCommand({
  verb: "CWD",
  aliases: ["XCWD"],
  reference: "RFC 959 4.1.1",
  summary: "Change the working directory.",
  argument: requiredPathname,
  needs: { login: true },
  replies: [250, 450, 550],
  run: ({ session, argument: path }) => changeTo(session, path, 250),
});

const cdup = defineCommand({
  verb: "CDUP",
  aliases: ["XCUP"],
  reference: "RFC 959 4.1.1",
  summary: "Change to the directory above.",
  argument: none,
  needs: { login: true },
  replies: [250, 200, 450, 550],
  // Section 5.4 says 200, section 4.1.1 "identical to CWD"; jlaffaye/ftp (and so rclone) takes 250 alone.
  run: ({ session }) =>
    changeTo(session, parentOf(session.workingDirectory), session.server.options.strictRfc959 ? 200 : 250),
});

async function changeTo(session: LoggedInSession, path: Pathname, code: 200 | 250): Promise<Reply> {
  const entry = await session.storage.stat(path, session.operation);
  if (entry.type !== "directory") throw new StorageError("not-directory");
  session.workingDirectory = path;
  return reply(code, `The directory is now ${quotePathname(path)}.`);
}

const pwd = defineCommand({
  verb: "PWD",
  aliases: ["XPWD"],
  reference: "RFC 959 4.1.3, appendix II",
  summary: "Print the working directory.",
  argument: none,
  needs: { login: true },
  replies: [257],
  run: ({ session }) => reply(257, `${quotePathname(session.workingDirectory)} is the working directory.`),
});

const mkd = defineCommand({
  verb: "MKD",
  aliases: ["XMKD"],
  reference: "RFC 959 4.1.3, appendix II",
  summary: "Make a directory.",
  argument: requiredPathname,
  needs: { login: true, permission: "make-directory", links: "kept" },
  replies: [257, 450, 451, 550],
  failures: { "bad-name": 550, "no-space": 550, quota: 550 },
  async run({ session, argument: path }) {
    await session.storage.makeDirectory(path, session.operation);
    return reply(257, `${quotePathname(path)} created.`);
  },
});

const rmd = defineCommand({
  verb: "RMD",
  aliases: ["XRMD"],
  reference: "RFC 959 4.1.3",
  summary: "Remove an empty directory.",
  argument: requiredPathname,
  needs: { login: true, permission: "remove-directory", links: "kept" },
  replies: [250, 450, 451, 550],
  async run({ session, argument: path }) {
    if (path === ROOT) throw new StorageError("denied", "the root cannot be removed");
    await session.storage.removeDirectory(path, session.operation);
    return reply(250, "Directory removed.");
  },
});

const smnt = defineCommand({
  verb: "SMNT",
  reference: "RFC 959 4.1.1",
  summary: "Choose another file system of the account by its name.",
  argument: requiredText("mount-name"),
  needs: { login: true },
  replies: [250, 202, 550],
  run({ session, argument: name }) {
    const { mounts } = session.account;
    if (mounts === undefined || mounts.size === 0) return reply(202, "There is one file system only.");
    const mount = mounts.get(name);
    if (mount === undefined) return reply(550, "No file system of that name.");
    session.mounted = mount;
    session.workingDirectory = mount.home;
    // They were said of files of another storage.
    session.renameFrom = undefined;
    session.restart = 0;
    return reply(250, "Mounted.");
  },
});

export const DIRECTORY = [cwd, cdup, pwd, mkd, rmd, smnt];
