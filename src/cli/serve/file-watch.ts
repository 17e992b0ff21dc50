/** Tells when files have changed, however they are replaced. */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";

/** A certificate and its key are two files: what writes them gets time for both. */
const SETTLE = 300;
/** For file systems that tell of nothing, such as network mounts. */
const LOOK_EVERY = 30_000;

export class FileWatch {
  readonly #changed: () => void;
  #files: readonly string[] = [];
  #stamp = "";
  #watchers: FSWatcher[] = [];
  #settling: NodeJS.Timeout | undefined;
  readonly #clock: NodeJS.Timeout;

  /** `changed` is called some time after the last change of a burst. */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#clock = setInterval(() => void this.#look(), LOOK_EVERY).unref();
  }

  /** From now on these, and as they are now. */
  async follow(files: readonly string[]): Promise<void> {
    this.#stopWatching();
    this.#files = files;
    this.#stamp = await stampOf(files);
    // The directories: files are replaced by renaming, and so are links to them (Kubernetes, certbot).
    for (const directory of new Set(files.map((file) => dirname(file)))) {
      try {
        const watcher = watch(directory, { persistent: false }, () => this.#settle());
        watcher.on("error", () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // The clock looks after it.
      }
    }
  }

  close(): void {
    this.#stopWatching();
    clearInterval(this.#clock);
  }

  #stopWatching(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#look(), SETTLE).unref();
  }

  async #look(): Promise<void> {
    const files = this.#files;
    const stamp = await stampOf(files);
    if (files !== this.#files || stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#changed();
  }
}

/** Differs whenever a file may have changed; links are followed. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
      return [dev, ino, size, mtimeNs, ctimeNs].join(":");
    } catch {
      return "";
    }
  });
  return (await Promise.all(stamps)).join(" ");
}
