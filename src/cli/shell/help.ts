/** Help that teaches: an overview in groups, and all about one command. Made from the declarations. */
import { wrapped } from "../wrapped.js";
import { GROUPS, type ShellCommand, usageOf } from "./declaration.js";
import { flagSyntax } from "./flag-words.js";

type Declared = Pick<
  ShellCommand,
  "name" | "aliases" | "group" | "summary" | "details" | "examples" | "flags" | "operands"
>;

const FOOT = [
  "`help get` tells all about get. Tab completes commands, flags and paths.",
  "  get a.iso &    does it behind the prompt     Ctrl-Z  moves what runs there",
  "  ls -t | less   output through a program      Ctrl-C  stops what runs",
  "  !ls -l         a line for this machine       ; && || several in one line",
];

export function overview(commands: readonly Declared[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const groups = GROUPS.map((group) => {
    const lines = commands
      .filter((each) => each.group === group)
      .map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`);
    return [capitalized(group), ...lines, ""];
  });
  return [...groups.flat(), ...FOOT].map((line) => `${line}\n`).join("");
}

export function commandHelp(command: Declared): string {
  const { summary, aliases, details, examples, flags } = command;
  const width = Math.max(...examples.map(([line]) => line.length)) + 3;
  const flagLines = Object.values(flags).map((flag) => [flagSyntax(flag), flag.summary] as const);
  const flagWidth = Math.max(0, ...flagLines.map(([syntax]) => syntax.length)) + 3;
  const parts = [
    [`${capitalized(summary)}.`],
    [`  ${usageOf(command)}${aliases.length === 0 ? "" : `   (also ${aliases.join(", ")})`}`],
    details === undefined ? [] : wrapped(details, LINE),
    flagLines.flatMap(([syntax, meaning]) => beside(syntax, flagWidth, meaning)),
    ["Examples:", ...examples.flatMap(([line, meaning]) => beside(line, width, meaning))],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(""))
    .join("\n");
}

const LINE = 80;

/** What it means stands in a column of its own, as narrow as it has to be. */
function beside(term: string, width: number, meaning: string): string[] {
  const lines = wrapped(meaning, LINE - width - 2);
  return lines.map((line, at) => `  ${(at === 0 ? term : "").padEnd(width)}${line}`);
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
