/**
 * Whether two names of the target that are alike are two files there. A server on Windows or macOS takes `README`
 * for `Readme`, and one way to write `é` for the other: what a mirror has just written would be removed under the
 * name that it had before.
 */
import { childOf } from "../tree/tree.js";

/** The names in a folder of the target, as it tells them itself. */
export type NamesIn = (path: string) => Promise<ReadonlySet<string>>;

export class Twins {
  readonly #namesIn: NamesIn;
  /** By the folder and both names: everything below two alike folders asks the same. */
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(namesIn: NamesIn) {
    this.#namesIn = namesIn;
  }

  /** By the first part that differs: below two folders everything is two. */
  async areTwo(path: string, like: string): Promise<boolean> {
    const others = like.split("/");
    let folder = "";
    for (const [n, name] of path.split("/").entries()) {
      const other = others[n];
      if (other === undefined) return true;
      if (other !== name) return await this.#areBoth(folder, name, other);
      folder = childOf(folder, name);
    }
    return false;
  }

  #areBoth(folder: string, name: string, other: string): Promise<boolean> {
    const key = `${folder}/${name}/${other}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#namesIn(folder).then((names) => names.has(name) && names.has(other));
      // Asked again by a retry.
      known.catch(() => this.#known.delete(key));
      this.#known.set(key, known);
    }
    return known;
  }
}
