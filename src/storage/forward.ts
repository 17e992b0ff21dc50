/** What decorators are made of: an object that passes everything on, but for what is overridden. */
import { StorageError } from "./errors.js";
import type { Storage, UniqueWriteHandle, WriteHandle } from "./storage.js";

/** New behaviour for some members; `undefined` takes an optional one away. */
export type Overrides<T> = {
  readonly [K in keyof T]?: T[K] | (undefined extends T[K] ? undefined : never);
};

/**
 * A storage that does as `inner`, but for `overrides`. An optional method is there only when `inner` has it, so
 * an override of one can never make a promise that the inner storage does not keep.
 */
export function forward(inner: Storage, overrides: Overrides<Storage>): Storage {
  return forwardMembers(inner, STORAGE_MEMBERS, overrides) as Storage;
}

/** The same for a write handle; that of a unique file keeps its name. */
export function forwardWrites<Handle extends WriteHandle>(
  inner: Handle,
  overrides: Overrides<WriteHandle>,
): Handle {
  return forwardMembers<UniqueWriteHandle>(
    inner as unknown as UniqueWriteHandle,
    WRITE_HANDLE_MEMBERS,
    overrides,
  ) as unknown as Handle;
}

/** An override of an optional method runs only where the inner storage has it; this says so to the compiler. */
export function present<Method>(method: Method | undefined): Method {
  if (method === undefined) throw new StorageError("unsupported");
  return method;
}

// A member that is added to an interface and not here does not compile.
const STORAGE_MEMBERS = Object.keys({
  stat: true,
  list: true,
  openRead: true,
  openWrite: true,
  remove: true,
  makeDirectory: true,
  removeDirectory: true,
  rename: true,
  partial: true,
  openUnique: true,
  resolve: true,
  statLink: true,
  setTimes: true,
  setMode: true,
  makeLink: true,
  availableSpace: true,
  digest: true,
  settableTimes: true,
  close: true,
} satisfies Record<keyof Storage, true>) as (keyof Storage)[];

const WRITE_HANDLE_MEMBERS = Object.keys({
  entryName: true,
  start: true,
  write: true,
  interrupt: true,
  skip: true,
  checkpoint: true,
  commit: true,
  abandon: true,
} satisfies Record<keyof UniqueWriteHandle, true>) as (keyof UniqueWriteHandle)[];

function forwardMembers<T extends object>(
  inner: T,
  members: readonly (keyof T)[],
  overrides: Overrides<T>,
): Partial<T> {
  const outer: Partial<T> = {};
  for (const member of members) {
    const value = inner[member];
    if (value === undefined) continue;
    const override = member in overrides ? overrides[member] : bound(value, inner);
    if (override !== undefined) outer[member] = override;
  }
  return outer;
}

/** Methods keep their own `this`, on which private fields depend. */
function bound<Value>(value: Value, owner: object): Value {
  return typeof value === "function" ? value.bind(owner) : value;
}
