/** Storages that do what no real one should, or what tests must hold in their hands. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { nameOf } from "ferry/protocol";
import type { Entry, ReadHandle, Storage, WriteHandle } from "ferry/storage";

/** The storage with other methods in the place of some of its own. */
export function withMethods(storage: Storage, methods: Partial<Storage>): Storage {
  return new Proxy(storage, {
    get(target, key) {
      if (key in methods) return Reflect.get(methods, key, methods);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Has a file `endless.bin` and a directory `endless`, neither of which comes to an end. */
export function endless(storage: Storage): Storage {
  return withMethods(storage, {
    async stat(path, o) {
      return nameOf(path) === "endless" ? directory("endless") : await storage.stat(path, o);
    },
    async *list(path, o) {
      if (nameOf(path) !== "endless") return yield* storage.list(path, o);
      for (let n = 0; ; n++) {
        yield Array.from({ length: 100 }, (_, each) => file(`file ${n} ${each}`));
        await nextTurn();
      }
    },
    async openRead(path, o) {
      if (nameOf(path) !== "endless.bin") return await storage.openRead(path, o);
      return { read: (into) => into.fill(0x65).length, close() {} };
    },
  });
}

export function directory(name: string): Entry {
  return { name, type: "directory", size: 0, modified: 0 };
}

export function file(name: string, size = 0): Entry {
  return { name, type: "file", size, modified: 0 };
}

/** What a test holds back, and lets go. */
export class Gate {
  readonly #passed: Promise<void>;
  readonly #reached: Promise<void>;
  #open: () => void = () => {};
  #reach: () => void = () => {};

  constructor() {
    this.#passed = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.#reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  /** Resolves when somebody waits at the gate. */
  get reached(): Promise<void> {
    return this.#reached;
  }

  open(): void {
    this.#open();
  }

  async pass(): Promise<void> {
    this.#reach();
    await this.#passed;
  }
}

/** Counts the handles of a storage that were opened and not closed, committed or abandoned. */
export class Handles {
  opened = 0;
  open = 0;
  storages = 0;
  /** Storages that were closed while one of their handles was open. */
  closedTooEarly = 0;

  count(storage: Storage): Storage {
    this.storages += 1;
    const openUnique: Storage["openUnique"] = async (path, o) => {
      const handle = await storage.openUnique?.(path, o);
      if (handle === undefined) throw new TypeError("the storage has no openUnique");
      return { ...this.#writing(handle), entryName: handle.entryName };
    };
    return withMethods(storage, {
      openRead: async (path, o) => this.#reading(await storage.openRead(path, o)),
      openWrite: async (path, o) => this.#writing(await storage.openWrite(path, o)),
      ...(storage.openUnique === undefined ? {} : { openUnique }),
      close: async () => {
        this.storages -= 1;
        if (this.open > 0) this.closedTooEarly += 1;
        await storage.close?.();
      },
    });
  }

  #reading(handle: ReadHandle): ReadHandle {
    this.opened += 1;
    this.open += 1;
    return {
      ...(handle.size === undefined ? {} : { size: handle.size }),
      read: (into) => handle.read(into),
      close: () => {
        this.open -= 1;
        return handle.close();
      },
    };
  }

  #writing(handle: WriteHandle): WriteHandle {
    this.opened += 1;
    this.open += 1;
    return {
      start: handle.start,
      write: (chunk) => handle.write(chunk),
      commit: (o) => {
        this.open -= 1;
        return handle.commit(o);
      },
      abandon: (cause) => {
        this.open -= 1;
        return handle.abandon(cause);
      },
    };
  }
}
