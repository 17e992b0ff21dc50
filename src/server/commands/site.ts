/** SITE (RFC 959 4.1.3): CHMOD, UTIME, SYMLINK, IDLE, HELP, as servers of the field have them. */
import { type Pathname, resolvePathname } from "../../protocol/pathname.js";
import { reply } from "../../protocol/reply.js";
import { parseTimestamp } from "../../protocol/timestamp.js";
import { none, optionalText, parsed } from "../argument.js";
import { defineCommand } from "../command.js";

const site = defineCommand({
  verb: "SITE",
  reference: "RFC 959 4.1.3",
  summary: "Commands of this server; SITE HELP lists them.",
  argument: optionalText("command"),
  needs: { login: true },
  replies: [500, 501],
  secret: true, // Other servers have SITE PSWD, with passwords behind it.
  run: ({ argument }) =>
    argument.trim() === ""
      ? reply(501, "Syntax: SITE <SP> <command>; SITE HELP lists them.")
      : reply(500, "Unknown SITE command; SITE HELP lists them."),
});

const siteHelp = defineCommand({
  verb: "SITE HELP",
  reference: "RFC 959 4.1.3",
  summary: "List the SITE commands.",
  argument: none,
  needs: { login: true },
  replies: [214],
  run({ commands }) {
    const lines = commands.below("SITE").map(({ verb, argument }) => `${verb} ${argument.syntax}`.trimEnd());
    return reply(214, "SITE commands:", ...lines, "End");
  },
});

const chmod = defineCommand({
  verb: "SITE CHMOD",
  reference: "field practice",
  summary: "Set the permission bits of a file.",
  argument: parsed("<octal-mode> <SP> <pathname>", parseChmod),
  needs: { login: true, permission: "set-mode", storage: "setMode" },
  replies: [200, 450, 451, 502, 550],
  async run({ session, argument: { mode, path } }) {
    await session.storage.setMode?.(path, mode, session.operation);
    return reply(200, "Mode set.");
  },
});

function parseChmod(text: string, from: Pathname): { mode: number; path: Pathname } | undefined {
  const found = /^([0-7]{1,4}) (.+)$/s.exec(text);
  if (found === null) return undefined;
  return { mode: Number.parseInt(found[1] as string, 8), path: resolvePathname(from, found[2] as string) };
}

const utime = defineCommand({
  verb: "SITE UTIME",
  reference: "field practice",
  summary: "Set the modification time of a file, UTC.",
  argument: parsed("<YYYYMMDDhhmm[ss]> <SP> <pathname>", parseUtime),
  needs: { login: true, permission: "set-times", storage: "setTimes" },
  replies: [200, 450, 451, 502, 550],
  async run({ session, argument: { time, path } }) {
    await session.storage.setTimes?.(path, { modified: time }, session.operation);
    return reply(200, "Time set.");
  },
});

/** Two forms: `YYYYMMDDhhmm[ss] path` (Pure-FTPd), and `path atime mtime ctime UTC` (ProFTPD, lftp, ncftp). */
function parseUtime(text: string, from: Pathname): { time: number; path: Pathname } | undefined {
  const long = /^(.+) \d{14} (\d{14}) \d{14} UTC$/s.exec(text);
  const short = long === null ? /^(\d{12}(?:\d\d)?) (.+)$/s.exec(text) : null;
  const stamp = long?.[2] ?? short?.[1]?.padEnd(14, "0");
  const name = long?.[1] ?? short?.[2];
  if (stamp === undefined || name === undefined) return undefined;
  const time = parseTimestamp(stamp);
  return time === undefined ? undefined : { time, path: resolvePathname(from, name) };
}

const symlink = defineCommand({
  verb: "SITE SYMLINK",
  reference: "field practice",
  summary: "Make a link; it never leads out of your root.",
  argument: parsed("<target> <SP> <link-pathname>", parseSymlink),
  needs: { login: true, permission: "upload", links: "kept", storage: "makeLink" },
  replies: [200, 450, 451, 502, 550],
  failures: { "bad-name": 550, "no-space": 550, quota: 550 },
  async run({ session, argument: { target, path } }) {
    await session.storage.makeLink?.(path, target, session.operation);
    return reply(200, "Link made.");
  },
});

/** The target ends at the first space, unless it stands in quotation marks. */
function parseSymlink(text: string, from: Pathname): { target: string; path: Pathname } | undefined {
  const found = /^(?:"([^"]+)"|(\S+)) (.+)$/s.exec(text);
  if (found === null) return undefined;
  return { target: found[1] ?? (found[2] as string), path: resolvePathname(from, found[3] as string) };
}

/** Seconds; beyond these a session is as good as abandoned, and below nobody can type. */
const IDLE_RANGE = { least: 10, most: 7200 };

const idle = defineCommand({
  verb: "SITE IDLE",
  reference: "field practice",
  summary: "Set or tell how many seconds the session may be idle.",
  argument: optionalText("seconds"),
  needs: { login: true },
  replies: [200, 501],
  run({ session, argument }) {
    if (argument === "")
      return reply(200, `The session may be idle for ${session.idleLimit / 1000} seconds.`);
    const seconds = /^\d{1,5}$/.test(argument) ? Number(argument) : Number.NaN;
    if (!(seconds >= IDLE_RANGE.least && seconds <= IDLE_RANGE.most)) {
      return reply(501, `From ${IDLE_RANGE.least} to ${IDLE_RANGE.most} seconds.`);
    }
    session.idleTimeout = seconds * 1000;
    return reply(200, `The session may be idle for ${seconds} seconds.`);
  },
});

export const SITE = [site, siteHelp, chmod, utime, symlink, idle];
