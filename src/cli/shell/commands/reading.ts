/** Files of the server, read: cat, more. */
import { outputSink } from "../../client/output-sink.js";
import { remotePath } from "../completion/sources.js";
import { some } from "../declaration.js";
import type { ShellOutput } from "../output.js";
import { throughProgram } from "../piped.js";
import { defineShellCommand } from "../shell.js";
import { eachMatch } from "./matches.js";
import { type Call, MOVING_FLAGS } from "./moving.js";
import { outputTerminal } from "./output-terminal.js";

const cat = defineShellCommand({
  name: "cat",
  group: "transfers",
  summary: "show files of the server",
  examples: [
    ["cat README", "on the terminal"],
    ["cat *.log | grep error", "through a program of this machine"],
    ["cat a.txt b.txt > both.txt", "into a file of this machine"],
  ],
  flags: { ascii: MOVING_FLAGS.ascii },
  operands: [some("FILE", remotePath)],
  connected: true,
  run: (call) => show(call, call.out, call.flags.ascii),
});

const more = defineShellCommand({
  name: "more",
  aliases: ["less", "page"],
  group: "transfers",
  summary: "read files of the server page by page",
  details: "By the program that PAGER names, else less. Where there is no terminal it is the same as cat.",
  examples: [["more README", "q ends it"]],
  flags: { ascii: MOVING_FLAGS.ascii },
  operands: [some("FILE", remotePath)],
  connected: true,
  async run(call) {
    const { shell, job, out } = call;
    if (!out.isTTY || job.place === "background") return await show(call, out, call.flags.ascii);
    const { PAGER = "" } = shell.terminal.environment;
    const pager = PAGER.trim() === "" ? "less || more" : PAGER;
    await throughProgram({ shell, job, columns: out.columns }, pager, async (piped) => {
      await show(call, piped, call.flags.ascii);
      return true;
    });
  },
});

async function show(call: Call, out: ShellOutput, ascii: boolean): Promise<void> {
  const { output } = outputTerminal(call.shell.terminal, out);
  await eachMatch(call, call.operands, async (client, { path }) => {
    await client.download(path, outputSink(output), { signal: call.signal, type: ascii ? "ascii" : "image" });
    await output.drained();
  });
}

export const READING = [cat, more];
