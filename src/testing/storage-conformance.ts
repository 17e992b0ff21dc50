/**
 * Every promise of `Storage` as tests, for storages of any kind. In a test file of your own:
 *
 * ```ts
 * import { storageConformance } from "ferry/testing";
 *
 * storageConformance({
 *   name: "my storage",
 *   async make() {
 *     const storage = await MyStorage.open();
 *     return { storage, dispose: () => storage.close() };
 *   },
 * });
 * ```
 */
import { describe } from "node:test";
import { abortTests } from "./storage/abort.js";
import { attributeTests } from "./storage/attributes.js";
import { continueTests } from "./storage/continue.js";
import { directoryTests } from "./storage/directories.js";
import { linkTests } from "./storage/links.js";
import { nameTests } from "./storage/names.js";
import { partTests } from "./storage/parts.js";
import { readTests } from "./storage/read.js";
import { renameTests } from "./storage/rename.js";
import type { Optional, StorageCapabilities, StorageUnderTest } from "./storage/subject.js";
import { Suite } from "./storage/suite.js";
import { uniqueTests } from "./storage/unique.js";
import { writeTests } from "./storage/write.js";

export type { StorageCapabilities, StorageUnderTest } from "./storage/subject.js";

export interface StorageConformance {
  readonly name: string;
  /** Called for each test. */
  make(): Promise<StorageUnderTest>;
  /** What differs from {@link DEFAULT_CAPABILITIES}. */
  readonly capabilities?: Partial<StorageCapabilities>;
  /** Optional methods that must be there: without them, tests fail instead of being skipped. */
  readonly demands?: readonly Optional[];
}

/** Those of a POSIX file system. */
export const DEFAULT_CAPABILITIES: StorageCapabilities = {
  nameBytes: 255,
  anyBytes: true,
  atomic: true,
  sparse: true,
  timeResolution: 1,
  partUnit: 64 * 1024,
};

/** Registers the tests with node:test; optional methods are tested when they are there. */
export function storageConformance(o: StorageConformance): void {
  const capabilities = { ...DEFAULT_CAPABILITIES, ...o.capabilities };
  const suite = new Suite(() => o.make(), capabilities, o.demands ?? []);
  describe(o.name, () => {
    describe("reading", () => readTests(suite));
    describe("writing", () => writeTests(suite));
    describe("appending and resuming", () => continueTests(suite));
    describe("parts of broken uploads", () => partTests(suite));
    describe("unique names", () => uniqueTests(suite));
    describe("directories", () => directoryTests(suite));
    describe("renaming", () => renameTests(suite));
    describe("names", () => nameTests(suite));
    describe("links", () => linkTests(suite));
    describe("attributes", () => attributeTests(suite));
    describe("aborting", () => abortTests(suite));
  });
}
