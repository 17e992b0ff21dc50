import { type Conversation, replyText } from "../conversation.js";
import type { Finding } from "../finding.js";
import { defineProbe } from "../probe.js";
import { LoginRefused } from "../visit.js";
import { SESSION_LIMITS } from "./session-limits.js";

export const login = defineProbe({
  id: "login",
  section: "Login",
  title: "the login",
  needs: ["greeting", "security"],
  troubles: {
    "login-refused": {
      kind: "problem",
      text: "The server refuses the name or the password",
      cause: "One of them is wrong, the account is disabled, or it may not log in from here.",
      change: [
        {
          side: "client",
          what: "Check name and password; in a URL, @ : / and % have to be percent-encoded.",
        },
        { side: "server", what: "Look into the log for the reason: servers do not tell it to clients." },
      ],
      weight: 92,
    },
    "login-needs-tls": {
      kind: "problem",
      text: "The server wants TLS before it takes a name or a password",
      cause: "It does not let passwords pass in clear.",
      change: [{ side: "client", what: "Use an ftpes:// URL, or --tls explicit." }],
      weight: 92,
    },
    "login-account": {
      kind: "problem",
      text: "The server wants an account besides name and password (ACCT)",
      cause: "Some mainframes and firewalls ask for three things (RFC 959 4.1.1).",
      change: [
        { side: "client", what: "Use a program that sends ACCT: the library's option `account` does." },
      ],
      weight: 90,
    },
    "login-full": {
      kind: "problem",
      text: "The server takes no more logins now",
      cause: "The limit of sessions of this account or address is reached, or too many logins have failed.",
      change: [
        { side: "client", what: "End other sessions of this account, and wait some minutes." },
        {
          side: "server",
          what: "Allow more sessions.",
          settings: SESSION_LIMITS,
        },
      ],
      weight: 90,
    },
    "login-odd": {
      kind: "problem",
      text: "The login failed in an unusual way",
      cause: "The server's answer is no usual answer to a login; perhaps it is no FTP server.",
      change: [
        { side: "server", what: "Look into its log for the reason." },
        { side: "client", what: "Check the port in the URL." },
      ],
      weight: 90,
    },
    "login-oops": {
      kind: "problem",
      text: "The server gives up at the login: its configuration is not as it wants it",
      cause: "It says OOPS, as vsftpd does, and what is wrong with its settings, its folders or its users.",
      change: [
        {
          side: "server",
          what: "Mend what it complains of. For a writable root inside chroot: take the right to write from the login directory (chmod a-w) and upload to one below it, or allow it.",
          settings: { vsftpd: "allow_writeable_chroot=YES" },
        },
      ],
      weight: 91,
    },
    "folder-missing": {
      kind: "problem",
      text: "The URL's folder is not there: {path}",
      cause:
        "It does not exist, or this account may not enter it. A URL's path begins at the login directory.",
      change: [{ side: "client", what: "Check the path; write // after the host for a path from the root." }],
      weight: 65,
    },
  },
  async run(visit, tell) {
    const { facts, subject } = visit;
    try {
      const session = await visit.session();
      facts.login = true;
      const how = facts.security === "tls" ? "over TLS" : "in clear";
      const found: Finding[] = [tell.ok(`Logged in as ${subject.user}, ${how}`)];
      if (subject.path === "") return found;
      const reply = await session.ask("CWD", subject.path);
      if (reply.code < 300) facts.folder = subject.path;
      else if (await isFile(session, subject.path)) {
        if (subject.file === undefined) facts.file = { name: subject.path, size: undefined };
      } else {
        found.push(
          tell.found("folder-missing", { evidence: replyText(reply), values: { path: subject.path } }),
        );
      }
      return found;
    } catch (error) {
      if (!(error instanceof LoginRefused)) throw error;
      const { reply } = error;
      return [tell.found(troubleOf(error, facts.security === "clear"), { evidence: replyText(reply) })];
    }
  },
});

/** SIZE counts what TYPE says: ProFTPD and pyftpdlib refuse it in ASCII. */
async function isFile(session: Conversation, path: string): Promise<boolean> {
  await session.ask("TYPE", "I");
  return (await session.ask("SIZE", path)).code === 213;
}

function troubleOf({ reply: { code, lines } }: LoginRefused, inClear: boolean) {
  if (
    inClear &&
    (code === 534 || code === 522 || /\b(?:TLS|SSL|FTPS|encrypt\w*|secure)\b/i.test(lines.join(" ")))
  ) {
    return "login-needs-tls";
  }
  if (code === 500 && lines[0].startsWith("OOPS: ")) return "login-oops";
  if (code === 332) return "login-account";
  if (code === 421) return "login-full";
  return code === 530 || code === 430 || code === 431 ? "login-refused" : "login-odd";
}
