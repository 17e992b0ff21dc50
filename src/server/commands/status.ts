/** Information and negotiation: STAT, HELP, SYST, NOOP (RFC 959 4.1.3), FEAT, OPTS (RFC 2389), LANG, CLNT, CSID, HOST. */
import { isIPv6 } from "node:net";
import { sameAddress } from "../../connection/address.js";
import { formatFactNames, parseFactNames } from "../../protocol/facts.js";
import { formatFeatures } from "../../protocol/features.js";
import { type Reply, reply } from "../../protocol/reply.js";
import { printable } from "../../protocol/text.js";
import { none, optionalText, parsed, requiredText } from "../argument.js";
import { type Command, defineCommand } from "../command.js";
import type { Session } from "../session.js";

const noop = defineCommand({
  verb: "NOOP",
  reference: "RFC 959 4.1.3",
  summary: "Do nothing, successfully.",
  argument: none,
  duringTransfer: "now",
  replies: [200],
  run: () => OKAY,
});

const OKAY = reply(200, "Okay.");

const syst = defineCommand({
  verb: "SYST",
  reference: "RFC 959 4.1.3",
  summary: "Tell the kind of operating system.",
  argument: none,
  replies: [215],
  run: () => reply(215, "UNIX Type: L8"),
});

const help = defineCommand({
  verb: "HELP",
  reference: "RFC 959 4.1.3",
  summary: "List the commands, or explain one.",
  argument: optionalText("command"),
  replies: [214, 501],
  run({ commands, argument }) {
    const topic = argument.trim().toUpperCase();
    if (topic === "")
      return reply(
        214,
        "Commands (HELP <command> explains one; EPSV and MLSD serve clients best):",
        ...helpLines(commands.all),
        "End",
      );
    const command = commands.find(topic);
    return command === undefined ? reply(501, "No such command.") : explain(command);
  },
});

function explain({ verb, argument, summary, reference, aliases = [] }: Command): Reply {
  const also = aliases.length === 0 ? [] : [`Also: ${aliases.join(", ")}`];
  return reply(214, `Syntax: ${verb} ${argument.syntax}`.trimEnd(), summary, ...also, reference);
}

function helpLines(commands: readonly Command[]): string[] {
  const verbs = commands
    .flatMap(({ verb, aliases = [] }) => [verb, ...aliases])
    .filter((verb) => !verb.includes(" "));
  const lines: string[] = [];
  for (let n = 0; n < verbs.length; n += 10)
    lines.push(
      verbs
        .slice(n, n + 10)
        .map((verb) => verb.padEnd(5))
        .join("")
        .trimEnd(),
    );
  return lines;
}

const feat = defineCommand({
  verb: "FEAT",
  reference: "RFC 2389 3",
  summary: "List what this server can beyond RFC 959.",
  argument: none,
  replies: [211],
  run({ session, commands }) {
    const features = ["UTF8", "TVFS"];
    for (const { feature } of commands.all) {
      const line = typeof feature === "function" ? feature(session) : feature;
      if (line !== undefined) features.push(line);
    }
    return formatFeatures(features.sort());
  },
});

const opts = defineCommand({
  verb: "OPTS",
  reference: "RFC 2389 4",
  summary: "Choose options of a command: UTF8 ON, MLST <facts>.",
  argument: requiredText("command and options"),
  replies: [200, 501, 504],
  run({ session, argument }) {
    const [name = "", ...rest] = argument.trim().split(/ +/);
    const options = rest.join(" ");
    // Old clients say `OPTS UTF-8`, or `UTF8 NLST`; names are UTF-8 whatever is said.
    if (/^UTF-?8$/i.test(name)) return utf8Option(options);
    if (/^MLS[TD]$/i.test(name)) {
      const facts = parseFactNames(options);
      if (facts === undefined) return reply(501, "Syntax: OPTS MLST [<SP> <fact;…>]");
      session.facts = facts;
      return reply(200, formatFactNames(facts));
    }
    return reply(501, "No options for that.");
  },
});

function utf8Option(value: string): Reply {
  if (/^(?:ON|NLST|)$/i.test(value)) return reply(200, "UTF-8 is always on.");
  return /^OFF$/i.test(value)
    ? reply(504, "UTF-8 cannot be switched off.")
    : reply(501, "Syntax: OPTS UTF8 ON");
}

const lang = defineCommand({
  verb: "LANG",
  reference: "RFC 2640 4.1",
  summary: "Choose the language of replies; there is English.",
  argument: optionalText("language-tag"),
  feature: "LANG EN*",
  replies: [200, 501, 504],
  run({ argument }) {
    const tag = argument.trim();
    if (tag !== "" && !/^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/.test(tag))
      return reply(501, "That is no language tag.");
    return tag === "" || /^en(?:-|$)/i.test(tag)
      ? reply(200, "Replies are in English.")
      : reply(504, "There is English only.");
  },
});

/** Longer names of clients are cut: they stand in every log line. */
const MAX_CLIENT_NAME = 200;

const clnt = defineCommand({
  verb: "CLNT",
  reference: "field practice",
  summary: "Tell the name of the client.",
  argument: requiredText("client"),
  feature: "CLNT",
  replies: [200],
  run({ session, argument }) {
    session.client = printable(argument).slice(0, MAX_CLIENT_NAME);
    return reply(200, "Noted.");
  },
});

const csid = defineCommand({
  verb: "CSID",
  reference: "draft-peterson-streamlined-ftp-command-extensions-10 4",
  summary: "Tell who the client is; the answer tells who the server is.",
  argument: requiredText("Name=…; Version=…;"),
  feature: "CSID",
  replies: [200],
  run({ session, argument }) {
    session.client = printable(argument).slice(0, MAX_CLIENT_NAME);
    return reply(200, "Name=Ferry; CaseSensitive=1; DirSep=/;");
  },
});

const host = defineCommand({
  verb: "HOST",
  reference: "RFC 7151 3",
  summary: "Name the server that is meant, before USER.",
  argument: parsed("<hostname>", parseHost),
  feature: "HOST",
  replies: [220, 501, 503, 504],
  run({ session, argument }) {
    if (session.login.kind !== "none") return reply(503, "HOST comes before USER.");
    if (!isOwnName(session, argument)) return reply(504, "No such host here.");
    session.host = argument;
    return reply(220, session.server.options.banner);
  },
});

/** RFC 7151 3.1: a DNS name, or an address literal, IPv6 in brackets. */
function parseHost(text: string): string | undefined {
  const name = text.trim().toLowerCase();
  // lftp leaves out the brackets.
  const literal = /^\[(.+)\]$/.exec(name)?.[1] ?? (name.includes(":") ? name : undefined);
  if (literal !== undefined) return isIPv6(literal) ? literal : undefined;
  return /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/.test(
    name,
  )
    ? name.replace(/\.$/, "")
    : undefined;
}

function isOwnName(session: Session, name: string): boolean {
  return sameAddress(name, session.local.address) || session.server.options.hostNames.includes(name);
}

export const STATUS = [noop, syst, help, feat, opts, lang, clnt, csid, host];
