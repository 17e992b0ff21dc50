/** Keeps docs/rfc-compliance.md true: it is made from the declarations. `FERRY_WRITE_DOCS=1` writes it anew. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { REPLY_CODES, type ReplyCode } from "../protocol/reply-codes.js";
import type { Command } from "./command.js";
import { COMMANDS } from "./commands/index.js";

const DOCUMENT = new URL("../../docs/rfc-compliance.md", import.meta.url);
/** From any command (RFC 959 5.4). */
const COMMON: readonly ReplyCode[] = [421, 500, 501, 530];

describe("the declarations of commands", () => {
  test("are what docs/rfc-compliance.md says", () => {
    const rendered = render(COMMANDS);
    if (process.env.FERRY_WRITE_DOCS === "1") writeFileSync(DOCUMENT, rendered);
    assert.equal(readFileSync(DOCUMENT, "utf8"), rendered, "run `npm run docs` and commit what it wrote");
  });

  test("each name a specification, a summary and the replies", () => {
    for (const { verb, reference, summary, replies } of COMMANDS) {
      assert.match(reference, /^(?:RFC \d+ |draft-[a-z0-9-]+ |field practice$)/, verb);
      assert.match(summary, /^[A-Z].*\.$/, verb);
      assert.ok(replies.length > 0, verb);
    }
  });

  test("include every command of RFC 959 section 5.3", () => {
    const declared = new Set(COMMANDS.flatMap(({ verb, aliases = [] }) => [verb, ...aliases]));
    const required = `USER PASS ACCT CWD CDUP SMNT QUIT REIN PORT PASV TYPE STRU MODE RETR STOR STOU APPE ALLO REST
      RNFR RNTO ABOR DELE RMD MKD PWD LIST NLST SITE SYST STAT HELP NOOP XCWD XCUP XPWD XMKD XRMD`;
    for (const verb of required.split(/\s+/)) assert.ok(declared.has(verb), verb);
  });
});

function render(commands: readonly Command[]): string {
  const families = new Map<string, Command[]>();
  for (const command of commands) {
    const family = /^(RFC \d+|draft-[a-z]+-[a-z0-9-]*|field practice)/.exec(command.reference)?.[1] ?? "";
    families.set(family, [...(families.get(family) ?? []), command]);
  }
  const sections = [...families]
    .sort(([a], [b]) => order(a) - order(b))
    .map(([family, members]) =>
      [
        `## ${family === "field practice" ? "Field practice, in no RFC" : family}`,
        "",
        "| Command | What it does | Section | Replies of its own |",
        "| --- | --- | --- | --- |",
        ...members.map(row),
        "",
      ].join("\n"),
    );
  return [HEAD, ...sections, codeTable(commands)].join("\n");
}

/** RFC 959 first, then by number, drafts and field practice last. */
function order(family: string): number {
  const number = /^RFC (\d+)/.exec(family)?.[1];
  if (number !== undefined) return Number(number);
  return family.startsWith("draft") ? 100_000 : 200_000;
}

function row({ verb, aliases = [], argument, summary, reference, replies }: Command): string {
  const names = [verb, ...aliases].join(", ");
  const syntax = argument.syntax === "" ? "" : ` ${argument.syntax.replaceAll("|", "\\|")}`;
  return `| \`${names}${syntax}\` | ${summary} | ${reference} | ${[...replies].sort((a, b) => a - b).join(", ")} |`;
}

function codeTable(commands: readonly Command[]): string {
  const used = new Set<ReplyCode>([...COMMON, 220, ...commands.flatMap(({ replies }) => [...replies])]);
  const rows = [...used]
    .sort((a, b) => a - b)
    .map((code) => {
      const { meaning, reference } = REPLY_CODES[code];
      const from = commands.filter(({ replies }) => replies.includes(code)).map(({ verb }) => verb);
      const who = COMMON.includes(code)
        ? "any command"
        : code === 220
          ? "the greeting, REIN, HOST"
          : from.join(" ");
      return `| ${code} | ${meaning} | ${reference} | ${who} |`;
    });
  return [
    "## Reply codes",
    "",
    "| Code | Meaning | Defined in | Sent by |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

const HEAD = `# Commands, replies and the specifications

This page is made from the declarations in \`src/server/commands/\`; a test fails when it is out of date
(\`npm run docs\` writes it anew). Besides its own replies every command can answer ${COMMON.join(", ")}.
Where Ferry differs from a specification, and why, is in [reply-codes.md](reply-codes.md).
`;
