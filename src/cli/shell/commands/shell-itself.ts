/** The shell itself: help, set, alias, history, source, exit. */
import { failure, usageError } from "../../errors.js";
import { localPath, nothing, settingValue, wordFrom } from "../completion/sources.js";
import { reconnect } from "../connecting.js";
import { any, one, optional } from "../declaration.js";
import { on } from "../flag-words.js";
import { commandHelp, overview } from "../help.js";
import { performFile } from "../interpreter.js";
import { escapeHostile } from "../line/escapes.js";
import { nearest } from "../nearest.js";
import { SETTINGS, settingNamed } from "../settings.js";
import { defineShellCommand } from "../shell.js";

const help = defineShellCommand({
  name: "help",
  aliases: ["?"],
  group: "the shell",
  summary: "what there is, or all about one command",
  examples: [
    ["help", "all commands"],
    ["help get", "one of them, with examples"],
  ],
  operands: [optional("COMMAND", wordFrom("commands"))],
  async run({ shell, operands: [topic], out }) {
    const { commands, aliases } = shell;
    if (topic === undefined) return await out.write(overview(commands.all));
    const alias = aliases.get(topic.text);
    if (alias !== undefined) return await out.write(`${topic.text} stands for: ${escapeHostile(alias)}\n`);
    const found = commands.find(topic.text);
    if (found !== undefined) return await out.write(commandHelp(found));
    const meant = nearest(
      topic.text,
      commands.all.flatMap((each) => [each.name, ...each.aliases]),
    );
    throw failure(
      `there is no command ${escapeHostile(topic.text)}${meant === undefined ? "" : `: did you mean ${meant}?`}`,
    );
  },
});

const set = defineShellCommand({
  name: "set",
  group: "the shell",
  summary: "show or change settings",
  details: "`none` takes back what was set. Those about connections hold from the next command on.",
  examples: [
    ["set", "all of them"],
    ["set limit-rate 500K", "bytes per second, of all transfers together"],
    ["set data active", "let the server connect to us"],
    ["set trace on", "show the conversation"],
  ],
  operands: [optional("NAME", wordFrom("settings")), optional("VALUE", settingValue)],
  secret: ([name, value]) => name === "proxy" && value !== undefined && value.includes("@"),
  async run({ shell, operands: [name, value], out, signal }) {
    const { settings, remote } = shell;
    const width = Math.max(...SETTINGS.map((each) => each.name.length)) + 2;
    const shown = name === undefined || value !== undefined ? SETTINGS : [settingNamed(name.text)];
    if (value === undefined) {
      for (const each of shown) {
        const line = `${each.name.padEnd(width)}${escapeHostile(settings.shown(each)).padEnd(16)}  ${each.summary}`;
        await out.write(`${line}\n`);
      }
      return;
    }
    const setting = settingNamed(name?.text ?? "");
    const before = settings.values;
    settings.change(setting, value.text);
    if (!setting.reconnects || !remote.connected) return;
    try {
      await reconnect(shell, signal);
    } catch (error) {
      settings.restore(before);
      throw error;
    }
  },
});

const alias = defineShellCommand({
  name: "alias",
  group: "the shell",
  summary: "short names for lines",
  details: "What is typed behind the name follows the line. `alias NAME` alone forgets it.",
  examples: [
    ["alias", "list them"],
    ["alias new ls -t", "`new docs` is `ls -t docs` from now on"],
    ["alias new", "no more"],
  ],
  operands: [optional("NAME", wordFrom("aliases")), any("COMMAND", nothing)],
  verbatim: true,
  inner: (before) => (before.length === 0 ? undefined : before.slice(1)),
  async run({ shell: { aliases, commands }, operands, rest, out }) {
    const [name, ...words] = operands;
    if (name === undefined) {
      for (const [each, line] of aliases) await out.write(`${escapeHostile(each)}  ${escapeHostile(line)}\n`);
      return;
    }
    if (words.length === 0) {
      if (!aliases.delete(name.text)) throw failure(`there is no alias ${escapeHostile(name.text)}`);
      return;
    }
    if (!/^[\w.-]{1,40}$/.test(name.text)) throw usageError("an alias is made of letters, digits, - and _");
    if (["alias", "exit"].includes(commands.find(name.text)?.name ?? "")) {
      throw usageError(`${name.text} has to keep its meaning`);
    }
    const [only] = words;
    aliases.set(
      name.text,
      words.length === 1 && only !== undefined ? only.text : rest.slice(name.raw.length).trim(),
    );
  },
});

const history = defineShellCommand({
  name: "history",
  group: "the shell",
  summary: "lines that were typed before",
  details:
    "Arrow-up recalls them; after a few letters, only those that begin so. Lines with passwords, and those that begin with a space, are not kept.",
  examples: [
    ["history 20", "the last twenty"],
    ["history -c", "forget all of them"],
  ],
  flags: { clear: on("-c --clear", "forget all of them, in the file too") },
  operands: [optional("COUNT", nothing)],
  async run({ shell, flags, operands: [count], out }) {
    if (flags.clear) return shell.history.clear();
    const { lines } = shell.history;
    const most = count === undefined ? lines.length : Number(count.text);
    if (!Number.isInteger(most) || most < 0)
      throw usageError("history needs a number of lines. See `help history`");
    const first = Math.max(0, lines.length - most);
    for (const [at, line] of lines.slice(first).entries()) {
      await out.write(`${String(first + at + 1).padStart(5)}  ${escapeHostile(line)}\n`);
    }
  },
});

const source = defineShellCommand({
  name: "source",
  group: "the shell",
  summary: "do the lines of a file of this machine",
  details: "It ends where a command fails, unless `set fail-exit off` was said.",
  examples: [["source nightly.ferry", "what `ferry shell -f nightly.ferry` does"]],
  operands: [one("FILE", localPath)],
  async run({ shell, operands: [file], job, out }) {
    if (file === undefined) return;
    if (!(await performFile(shell.local.resolve(file), { shell, job, out, where: "", followed: [] })))
      throw failure(`${escapeHostile(file.text)} ended early`);
  },
});

const exit = defineShellCommand({
  name: "exit",
  aliases: ["quit", "bye"],
  group: "the shell",
  summary: "leave the shell",
  details: "While jobs run it says so; a second `exit` stops them. A script waits for its jobs.",
  examples: [["exit", "or Ctrl-D, or Ctrl-C twice"]],
  run({ shell }) {
    shell.leave();
  },
});

export const SHELL_ITSELF = [help, set, alias, history, source, exit];
