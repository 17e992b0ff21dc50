/** Keeps docs/shell.md true: its list of commands is made from the declarations. `FERRY_WRITE_DOCS=1` writes it anew. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { GROUPS, usageOf } from "../declaration.js";
import { flagSyntax } from "../flag-words.js";
import { commandHelp, overview } from "../help.js";
import { parseLine } from "../line/parser.js";
import { SETTINGS } from "../settings.js";
import { COMMANDS } from "./index.js";

const DOCUMENT = new URL("../../../../docs/shell.md", import.meta.url);

describe("the commands of the shell", () => {
  test("are what docs/shell.md says, and so are the settings", () => {
    const written = readFileSync(DOCUMENT, "utf8");
    const rendered = written
      .replace(
        /(<!-- commands -->\n)[\s\S]*(<!-- end of commands -->)/,
        (_, begin, end) => begin + commandList() + end,
      )
      .replace(
        /(<!-- settings -->\n)[\s\S]*(<!-- end of settings -->)/,
        (_, begin, end) => begin + settingList() + end,
      );
    if (process.env.FERRY_WRITE_DOCS === "1") writeFileSync(DOCUMENT, rendered);
    assert.match(written, /<!-- end of commands -->/);
    assert.match(written, /<!-- end of settings -->/);
    assert.equal(readFileSync(DOCUMENT, "utf8"), rendered, "run `npm run docs` and commit what it wrote");
  });

  test("have help that fits a terminal of 80 columns", () => {
    for (const text of [overview(COMMANDS.all), ...COMMANDS.all.map(commandHelp)]) {
      for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    }
  });

  test("each have a summary in one line, and an example that begins with one of them", () => {
    for (const { name, summary, examples, details = "." } of COMMANDS.all) {
      assert.match(summary, /^[a-z][^.\n]{5,80}$/, name);
      assert.match(details, /\.$/, name);
      for (const [line, meaning] of examples) {
        assert.doesNotThrow(() => parseLine(line), line);
        const [first = ""] = line.split(" ");
        assert(COMMANDS.find(first) !== undefined, line);
        assert(meaning.length > 0 && !meaning.endsWith("."), meaning);
      }
      assert(
        examples.some(([line]) => line.startsWith(name) || line.includes(`${name} `) || line.endsWith("&")),
        name,
      );
    }
  });

  test("have names, and flags, of their own", () => {
    const names = COMMANDS.all.flatMap((each) => [each.name, ...each.aliases]);
    assert.deepEqual(names.toSorted(), [...new Set(names)].sort());
    for (const { name, flags } of COMMANDS.all) {
      const all = Object.values(flags).flatMap((flag) => flag.names);
      assert.deepEqual(all.toSorted(), [...new Set(all)].sort(), name);
      for (const each of all) assert.match(each, /^(?:-[a-zA-Z\d]|--[a-z][a-z-]+)$/, name);
    }
  });

  test("have a help that fits a terminal, and shows usage, flags and examples", () => {
    const lines = overview(COMMANDS.all).split("\n");
    for (const line of lines) assert(line.length <= 80, line);
    for (const group of GROUPS)
      assert(
        lines.some((line) => line.toLowerCase() === group),
        group,
      );
    for (const command of COMMANDS.all) {
      const help = commandHelp(command);
      assert(help.includes(`  ${usageOf(command)}`), help);
      for (const flag of Object.values(command.flags)) assert(help.includes(`  ${flagSyntax(flag)}  `), help);
      assert.match(help, /\nExamples:\n {2}\S/);
    }
  });
});

function commandList(): string {
  return GROUPS.map((group) => {
    const rows = COMMANDS.all
      .filter((each) => each.group === group)
      .map((command) => {
        const also =
          command.aliases.length === 0 ? "" : ` (${command.aliases.map((name) => `\`${name}\``).join(", ")})`;
        const flags = Object.values(command.flags).map((flag) => `\`${flagSyntax(flag)}\``);
        return `| \`${cell(usageOf(command))}\`${also} | ${cell(command.summary)} | ${cell(flags.join(" "))} |`;
      });
    return [
      `### ${group[0]?.toUpperCase()}${group.slice(1)}`,
      "",
      "| Command | What it does | Flags |",
      "| --- | --- | --- |",
      ...rows,
      "",
      "",
    ].join("\n");
  }).join("");
}

function settingList(): string {
  const rows = SETTINGS.map(
    ({ name, summary, usual }) => `| \`${name}\` | ${cell(summary)} | ${cell(usual)} |`,
  );
  return ["| Setting | Meaning | Usually |", "| --- | --- | --- |", ...rows, ""].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
