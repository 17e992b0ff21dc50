/** What a server costs, read from /proc: processor time and memory of a process and all that came of it. */
import { readdirSync, readFileSync } from "node:fs";

/** The kernel's USER_HZ: 100 on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Its own processor time and that of children that have ended, in ticks. */
  readonly ticks: number;
}

export class ProcessTree {
  readonly #root: number;

  constructor(root: number) {
    this.#root = root;
  }

  get size(): number {
    return this.#members().length;
  }

  /** Ends all of it at once: sessions that are processes outlive the one that listens. */
  kill(): void {
    for (const { pid } of this.#members()) end(pid);
  }

  /** Of a server whose sessions are processes: these alone. */
  killChildren(): void {
    for (const { pid } of this.#members()) if (pid !== this.#root) end(pid);
  }

  /** Seconds of processor time, of living and ended processes. */
  processorTime(): number {
    return this.#members().reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
  }

  /** Bytes: of pages that several processes share each counts its part (PSS). */
  memory(): number {
    return this.#members().reduce((sum, { pid }) => sum + proportionalSetSize(pid), 0);
  }

  #members(): readonly ProcessStat[] {
    const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? statOf(Number(name)) : []));
    const children = new Map<number, ProcessStat[]>();
    for (const stat of all) children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat]);
    const below = (stat: ProcessStat): readonly ProcessStat[] => [
      stat,
      ...(children.get(stat.pid) ?? []).flatMap(below),
    ];
    return all.filter(({ pid }) => pid === this.#root).flatMap(below);
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Ended by itself meanwhile.
  }
}

/** Seconds, of the children of this process that have ended, and theirs. */
export function processorTimeOfChildren(): number {
  const fields = fieldsOf(process.pid);
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** Empty for a process that has just gone. */
function statOf(pid: number): ProcessStat[] {
  const fields = fieldsOf(pid);
  const [, parent] = fields;
  if (parent === undefined) return [];
  return [
    {
      pid,
      parent: Number(parent),
      ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0),
    },
  ];
}

/** Of /proc/PID/stat, from the third, the state, on. */
function fieldsOf(pid: number): readonly string[] {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  // The name, in brackets, may hold spaces and brackets.
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function proportionalSetSize(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readOrEmpty(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
