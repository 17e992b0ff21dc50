/** In which situations each client is tried. */

import type { StorageKind } from "./files.js";
import { isOnCi, unlessInstalled } from "./program.js";
import { type Family, unlessFamily } from "./server.js";

export interface Situation {
  /** "passive, IPv4, local storage" */
  readonly name: string;
  readonly mode: "passive" | "active";
  readonly family: Family;
  readonly storage: StorageKind;
  /** For a test's options. */
  readonly skip: string | false;
}

/** Every mode with every family and every storage, for clients that need these programs. */
export function situations(
  programs: readonly string[],
  families: readonly Family[] = ["IPv4", "IPv6"],
): readonly Situation[] {
  return families.flatMap((family) =>
    (["passive", "active"] as const).flatMap((mode) =>
      (["local", "memory"] as const).map((storage) => ({
        name: `${mode}, ${family}, ${storage} storage`,
        mode,
        family,
        storage,
        skip: unlessInstalled(...programs) || (!isOnCi() && unlessFamily(family)),
      })),
    ),
  );
}
