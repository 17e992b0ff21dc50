/** What a name that does not exist costs: the same as one that does. */
import { createHmac, randomBytes } from "node:crypto";

export interface Decoys {
  /**
   * The hash of the store whose cost this name has; undefined when the store has none. The same name always gets
   * the same one, and names spread over the hashes as the accounts do: where a store holds old and new kinds of
   * hashes, the time of an answer still does not tell whether the name exists.
   */
  for(name: string): string | undefined;
}

const key = randomBytes(32);

export function decoysOf(hashes: readonly string[]): Decoys {
  return {
    for(name) {
      if (hashes.length === 0) return undefined;
      return hashes[createHmac("sha256", key).update(name).digest().readUInt32BE() % hashes.length];
    },
  };
}
