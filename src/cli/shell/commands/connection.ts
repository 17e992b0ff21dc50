/** Servers: open, close, user, bookmark; and what is said to them by hand: quote, site. */
import type { Reply } from "../../../protocol/reply.js";
import { isBookmarkName, readBookmarks, writeBookmarks } from "../../client/bookmarks.js";
import { atPath, findPlace, type RemotePlace, shownUrl } from "../../client/places.js";
import { failure, usageError } from "../../errors.js";
import { port } from "../../values.js";
import { nothing, oneOf, wordFrom } from "../completion/sources.js";
import { connect } from "../connecting.js";
import { any, one, optional } from "../declaration.js";
import { taking } from "../flag-words.js";
import { escapeHostile } from "../line/escapes.js";
import { defineShellCommand, type Shell } from "../shell.js";
import { onSession } from "./matches.js";

const open = defineShellCommand({
  name: "open",
  aliases: ["connect"],
  group: "connection",
  summary: "connect to a server, and log in",
  details:
    "A password that is neither in the URL nor in ~/.netrc is asked for. ftps:// and ftpes:// demand TLS; ftp:// uses it when the server has it. What was open before is closed when the new server has let us in.",
  examples: [
    ["open ftp://anna@ftp.example.org/docs", "log in as anna, and go to docs"],
    ["open -u anna ftp.example.org", "the same without a path"],
    ["open work", "a bookmark"],
  ],
  operands: [one("URL|HOST|BOOKMARK", wordFrom("bookmarks"))],
  flags: {
    user: taking("-u --user", "NAME[,PASSWORD]", (text) => text, "who logs in"),
    port: taking("-p --port", "N", port, "another port than 21 (990 for ftps://)"),
  },
  secret: (words) =>
    words.some(
      (word, at) =>
        /^(?:-u|--user)=?.*,/.test(word) ||
        // `anna:secret@host`
        /^[^\s/:@]*:(?!\/\/).*@/.test(word) ||
        (/^(?:-u|--user)$/.test(words[at - 1] ?? "") && word.includes(",")),
    ),
  async run({ shell, flags, operands: [where], job }) {
    const place = await placeFrom(where?.text ?? "", shell);
    const [user, password] = splitOnce(flags.user ?? "", ",");
    const { password: _password, ...server } = place.url;
    const url = {
      ...(user === "" ? place.url : { ...server, user, ...(password !== undefined && { password }) }),
      ...(flags.port !== undefined && { port: flags.port }),
    };
    await connect(shell, { ...place, url }, job);
  },
});

/** A URL, a bookmark, or the name of a host. */
export async function placeFrom(text: string, { terminal }: Pick<Shell, "terminal">): Promise<RemotePlace> {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return await findPlace(text, terminal);
  const [name] = splitOnce(text, ":");
  if (isBookmarkName(name) && (await readBookmarks(terminal)).some((bookmark) => bookmark.name === name)) {
    return await findPlace(text.includes(":") ? text : `${text}:`, terminal);
  }
  return await findPlace(`ftp://${text}`, terminal);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

const close = defineShellCommand({
  name: "close",
  aliases: ["disconnect"],
  group: "connection",
  summary: "say goodbye to the server; the shell stays",
  examples: [["close", "end the session"]],
  connected: true,
  async run({ shell }) {
    await shell.remote.close();
  },
});

const user = defineShellCommand({
  name: "user",
  aliases: ["login"],
  group: "connection",
  summary: "log in at the same server as somebody else",
  details:
    "The password is asked for when it is not given. Lines with a password are not kept in the history.",
  examples: [["user anna", "ask for her password, and log in"]],
  operands: [one("NAME", nothing), optional("PASSWORD", nothing)],
  connected: true,
  secret: (words) => words.length > 1,
  async run({ shell, operands: [name, password], job }) {
    const place = shell.remote.target?.place;
    if (place === undefined || name === undefined) throw failure("user: not connected");
    const { user: _user, password: _password, ...server } = place.url;
    const login = { user: name.text, ...(password !== undefined && { password: password.text }) };
    await connect(shell, { ...atPath(place, ""), url: { ...server, ...login, path: "", folder: true } }, job);
  },
});

const bookmark = defineShellCommand({
  name: "bookmark",
  group: "connection",
  summary: "names for servers and folders: list, add, remove",
  details:
    "`bookmark add NAME` keeps where the shell is now, without the password; with a URL, that one. `ferry ls NAME:` knows them too.",
  examples: [
    ["bookmark", "list them"],
    ["bookmark add work", "where we are now"],
    ["bookmark add work ftp://anna@ftp.example.org/", "some other place"],
    ["bookmark remove work", "forget it"],
  ],
  operands: [
    optional("list|add|remove", oneOf("list", "add", "remove")),
    optional("NAME", wordFrom("bookmarks")),
    optional("URL", nothing),
  ],
  async run({ shell, operands: [verb, name, url], out }) {
    const all = await readBookmarks(shell.terminal);
    switch (verb?.text ?? "list") {
      case "list": {
        const width = Math.max(0, ...all.map((each) => each.name.length));
        for (const each of all)
          await out.write(`${each.name.padEnd(width)}  ${escapeHostile(shownUrl(each.url))}\n`);
        return;
      }
      case "add": {
        const added = { name: bookmarkName(name?.text), url: await bookmarkUrl(url?.text, shell) };
        const others = all.filter((each) => each.name !== added.name);
        await writeBookmarks([...others, added], shell.terminal);
        return;
      }
      case "remove": {
        const left = all.filter((each) => each.name !== name?.text);
        if (left.length === all.length)
          throw failure(`there is no bookmark ${escapeHostile(name?.text ?? "")}`);
        await writeBookmarks(left, shell.terminal);
        return;
      }
      default:
        throw usageError("bookmark knows list, add and remove. See `help bookmark`");
    }
  },
});

function bookmarkName(text = ""): string {
  if (isBookmarkName(text)) return text;
  throw usageError("bookmark add needs a name of two letters or more, without spaces and colons");
}

async function bookmarkUrl(text: string | undefined, shell: Shell): Promise<RemotePlace["url"]> {
  if (text !== undefined) return (await findPlace(text, shell.terminal)).url;
  const { target, directory } = shell.remote;
  if (target === undefined) throw usageError("bookmark add needs a URL: nothing is open");
  const { password: _password, type: _type, ...server } = target.place.url;
  return { ...server, path: directory, folder: true };
}

const quote = defineShellCommand({
  name: "quote",
  aliases: ["raw", "literal"],
  group: "connection",
  summary: "send a command as it is, and show the reply",
  details:
    "For commands without a data connection. A working directory changed so is that of one session only: use `cd`.",
  examples: [
    ["quote STAT", "what the server says of itself"],
    ["quote HELP SITE", "what SITE knows there"],
  ],
  operands: [one("VERB", nothing), any("ARGUMENT", nothing)],
  verbatim: true,
  connected: true,
  secret: ([verb = "", ...rest]) =>
    /^(?:pass|acct|adat)$/i.test(verb) || (/^site$/i.test(verb) && namesPassword(rest)),
  async run(call) {
    await send(call, call.operands.map(({ text }) => text).join(" "));
  },
});

function namesPassword(words: readonly string[]): boolean {
  return words.some((word) => /^(?:ps?wd|passwd|chpass)$/i.test(word));
}

const site = defineShellCommand({
  name: "site",
  group: "connection",
  summary: "send a SITE command, and show the reply",
  examples: [["site HELP", "what the server knows"]],
  operands: [any("COMMAND", nothing)],
  verbatim: true,
  connected: true,
  secret: namesPassword,
  async run(call) {
    await send(call, ["SITE", ...call.operands.map(({ text }) => text)].join(" "));
  },
});

type SendCall = Parameters<typeof onSession>[0] & {
  readonly out: { write(text: string): void | Promise<void> };
};

async function send(call: SendCall, line: string): Promise<void> {
  const reply = await onSession(call, (client) => client.send(line, { signal: call.signal }));
  call.shell.remote.changed();
  await call.out.write(replyLines(reply));
  if (reply.code >= 400) throw failure(`the server answered ${reply.code}`);
}

function replyLines({ code, lines }: Reply<number>): string {
  return lines
    .map((line, at) => `${code}${at < lines.length - 1 ? "-" : " "}${escapeHostile(line)}\n`)
    .join("");
}

export const CONNECTION = [open, close, user, bookmark, quote, site];
