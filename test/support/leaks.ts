/** What a server must have given back when it has closed: sockets, listeners, timers, descriptors. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

export interface Resources {
  /** Sockets, servers, timers and requests that keep the process alive, by kind. */
  readonly active: Readonly<Record<string, number>>;
  /** Open descriptors and what each one is; none where they cannot be read. */
  readonly descriptors: ReadonlyMap<string, string>;
}

/** Closing takes some turns of the loop. */
const TURNS = 2000;

export function resources(): Resources {
  const active: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1;
  // Our own waiting is one of these.
  delete active.Immediate;
  return { active, descriptors: readDescriptors() };
}

/** @throws AssertionError when more is in use than `before`, and stays so. */
export async function expectNothingLeft(before: Resources): Promise<void> {
  for (let turn = 0; turn < TURNS && excess(before).length > 0; turn++) await nextTurn();
  assert.deepEqual(excess(before), [], "left behind");
}

function excess(before: Resources): string[] {
  const now = resources();
  const kinds = Object.entries(now.active)
    .map(([kind, count]) => ({ kind, more: count - (before.active[kind] ?? 0) }))
    .filter(({ more }) => more > 0)
    .map(({ kind, more }) => `${more} ${kind}`);
  const descriptors = [...now.descriptors]
    .filter(([number]) => !before.descriptors.has(number))
    .map(([number, target]) => `descriptor ${number}: ${target}`);
  return [...kinds, ...descriptors];
}

function readDescriptors(): ReadonlyMap<string, string> {
  const folder = "/proc/self/fd";
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder).flatMap((number): [string, string][] => {
      try {
        return [[number, readlinkSync(`${folder}/${number}`)]];
      } catch {
        return []; // The one that reads the folder.
      }
    }),
  );
}
