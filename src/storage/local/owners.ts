/** Names of users and groups, for LIST. */
import { Buffer } from "node:buffer";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** More than any hand-kept file holds; accounts of a directory service are not in it and stay numbers. */
const MOST_BYTES = 1024 * 1024;

export interface Owners {
  readonly users: ReadonlyMap<number, string>;
  readonly groups: ReadonlyMap<number, string>;
}

/** From /etc/passwd and /etc/group, read once. Numbers that they do not name stay numbers. */
export function readOwners(passwd = "/etc/passwd", group = "/etc/group"): Owners {
  return { users: namesIn(passwd), groups: namesIn(group) };
}

/** `name:password:number:…`, the same in both files; the first line of a number counts. */
function namesIn(file: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of beginningOf(file).split("\n")) {
    const [name, , number] = line.split(":");
    if (name === undefined || !/^[\w.@$-]{1,64}$/.test(name)) continue;
    if (number === undefined || !/^\d{1,10}$/.test(number)) continue;
    if (!names.has(Number(number))) names.set(Number(number), name);
  }
  return names;
}

function beginningOf(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(descriptor).size, MOST_BYTES));
    return bytes.toString("latin1", 0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } catch {
    return "";
  } finally {
    closeSync(descriptor);
  }
}
