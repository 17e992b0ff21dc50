/** How the parts of the storage conformance suite register their tests. */
import { test } from "node:test";
import { type Optional, type StorageCapabilities, type StorageUnderTest, Subject } from "./subject.js";

export interface Needs {
  /** Optional methods; the test is skipped when the storage lacks one. */
  readonly methods?: readonly Optional[];
  /** {@link StorageUnderTest.again} */
  readonly views?: boolean;
  readonly capability?: "atomic" | "sparse";
}

export class Suite {
  readonly capabilities: StorageCapabilities;
  readonly #make: () => Promise<StorageUnderTest>;
  readonly #demanded: ReadonlySet<Optional>;

  constructor(
    make: () => Promise<StorageUnderTest>,
    capabilities: StorageCapabilities,
    demanded: readonly Optional[],
  ) {
    this.#make = make;
    this.capabilities = capabilities;
    this.#demanded = new Set(demanded);
  }

  /** Each test has a storage of its own. */
  test(name: string, needs: Needs, run: (subject: Subject) => Promise<void>): void {
    test(name, async (t) => {
      const under = await this.#make();
      try {
        const missing = this.#missing(under, needs);
        if (missing !== undefined) t.skip(`the storage lacks: ${missing}`);
        else await run(new Subject(under, this.capabilities));
      } finally {
        await under.dispose();
      }
    });
  }

  #missing(under: StorageUnderTest, { methods = [], views, capability }: Needs): string | undefined {
    const method = methods.find((name) => under.storage[name] === undefined);
    if (method !== undefined && this.#demanded.has(method)) {
      throw new Error(`the storage must have ${method}`);
    }
    if (method !== undefined) return method;
    if (views === true && under.again === undefined) return "a second view";
    return capability !== undefined && !this.capabilities[capability] ? capability : undefined;
  }
}
