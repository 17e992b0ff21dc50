/** Work behind the prompt: jobs, wait, kill, fg, queue. */
import { failure, interrupted, usageError } from "../../errors.js";
import { either, nothing, oneOf, wordFrom } from "../completion/sources.js";
import { any, optional, some } from "../declaration.js";
import type { Job } from "../jobs/job.js";
import { jobLine } from "../jobs/jobs.js";
import { escapeHostile } from "../line/escapes.js";
import { defineShellCommand, type Shell } from "../shell.js";

const jobs = defineShellCommand({
  name: "jobs",
  group: "jobs",
  summary: "list what runs behind the prompt",
  details:
    "A line that ends with `&` becomes a job; Ctrl-Z makes one of what runs in the foreground. Each job has a session of its own.",
  examples: [
    ["get big.iso &", "begin one"],
    ["jobs", "see how far it is"],
  ],
  async run({ shell, job, out }) {
    for (const each of shell.jobs.running) if (each !== job) await out.write(`${jobLine(each)}\n`);
    const { waiting, stopped } = shell.queue;
    if (waiting.length > 0)
      await out.write(`${waiting.length} more in the queue${stopped ? ", which is stopped" : ""}\n`);
  },
});

const wait = defineShellCommand({
  name: "wait",
  group: "jobs",
  summary: "wait until jobs, and the queue, are done",
  examples: [
    ["wait", "for all of them"],
    ["wait 2", "for one"],
  ],
  operands: [optional("JOB", wordFrom("jobs"))],
  async run({ shell, operands: [id], job, signal }) {
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    stopped.catch(() => {});
    if (id !== undefined) {
      const state = await Promise.race([jobOf(shell, id.text).ended, stopped]);
      if (state !== "done") throw failure(`job ${id.text} ${state}`);
      return;
    }
    const others = async (): Promise<void> => {
      for (;;) {
        const running = shell.jobs.running.filter((each) => each !== job);
        if (running.length === 0) return;
        await Promise.all(running.map(({ ended }) => ended));
      }
    };
    await Promise.race([others(), stopped]);
  },
});

const kill = defineShellCommand({
  name: "kill",
  group: "jobs",
  summary: "stop jobs; what they have got stays, and `get -c` continues it",
  examples: [
    ["kill 2", "one job; the queue goes on with its next"],
    ["kill all", "all of them, and the queue is emptied"],
  ],
  operands: [some("JOB|all", either(wordFrom("jobs"), oneOf("all")))],
  async run({ shell, operands, job }) {
    // Its next would begin in place of what is stopped.
    if (operands.some(({ text }) => text === "all")) shell.queue.remove();
    const chosen = operands.flatMap(({ text }) =>
      text === "all" ? shell.jobs.running : [jobOf(shell, text)],
    );
    const others = chosen.filter((each) => each !== job);
    for (const each of others) each.stop(interrupted());
    await Promise.all(others.map(({ ended }) => ended));
  },
});

const fg = defineShellCommand({
  name: "fg",
  group: "jobs",
  summary: "bring a job to the foreground; Ctrl-Z sends it back",
  examples: [
    ["fg", "the last one"],
    ["fg 2", "that one"],
  ],
  operands: [optional("JOB", wordFrom("jobs"))],
  async run({ shell, operands: [id] }) {
    const job = id === undefined ? shell.jobs.find() : jobOf(shell, id.text);
    if (job === undefined) throw failure("fg: there is no job");
    shell.screen.note(escapeHostile(job.text));
    if ((await shell.attend(job)) === "failed") throw failure("it failed");
  },
});

function jobOf(shell: Shell, text: string): Job {
  const job = /^\d{1,9}$/.test(text) ? shell.jobs.find(Number(text)) : undefined;
  if (job !== undefined) return job;
  throw failure(`there is no job ${escapeHostile(text)}: \`jobs\` lists them`);
}

const QUEUE_VERBS = ["add", "list", "start", "stop", "remove"];

const queue = defineShellCommand({
  name: "queue",
  group: "jobs",
  summary: "do lines one after the other, behind the prompt",
  details:
    "Without anything: lists it. `queue stop` lets what runs finish and begins nothing else; `queue start` goes on. Put several commands into quotes.",
  examples: [
    ["queue get a.iso", "as soon as what is before it is done"],
    ["queue 'cd /pub && mget *.txt'", "several commands"],
    ["queue remove 2", "the second one is not done"],
  ],
  operands: [
    optional("add|list|start|stop|remove", either(oneOf(...QUEUE_VERBS), wordFrom("commands"))),
    any("COMMAND", nothing),
  ],
  verbatim: true,
  inner: (before) => {
    if (before.length === 0) return undefined;
    const [verb = ""] = before;
    if (verb === "add") return before.slice(1);
    return QUEUE_VERBS.includes(verb) ? undefined : before;
  },
  async run({ shell, operands, rest, out }) {
    const [verb, second] = operands;
    const lines = shell.queue;
    switch (verb?.text) {
      case undefined:
      case "list":
        if (lines.running !== undefined) await out.write(`running: ${escapeHostile(lines.running.text)}\n`);
        for (const [at, { text }] of lines.waiting.entries())
          await out.write(`${at + 1}. ${escapeHostile(text)}\n`);
        if (lines.stopped) await out.write("stopped: `queue start` goes on\n");
        return;
      case "start":
        return lines.start();
      case "stop":
        return lines.stop();
      case "remove":
        return remove(shell, second?.text);
      case "add":
        if (second === undefined) throw usageError("queue add needs a command. See `help queue`");
        return lines.add(
          shell.prepare(operands.length === 2 ? second.text : rest.slice(verb?.raw.length).trim()),
        );
      default:
        // One word with spaces in it is a line in quotes.
        return lines.add(shell.prepare(operands.length === 1 ? (verb?.text ?? "") : rest));
    }
  },
});

function remove({ queue: lines }: Shell, text: string | undefined): void {
  const place = text === "all" ? undefined : Number(text ?? "");
  const wrong =
    place !== undefined && !(Number.isInteger(place) && place >= 1 && place <= lines.waiting.length);
  if (wrong) throw failure("queue remove needs a number that `queue` lists, or all");
  lines.remove(place);
}

export const JOBS = [jobs, wait, kill, fg, queue];
