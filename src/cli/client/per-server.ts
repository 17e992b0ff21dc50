/** What is opened once for each server and login, however many places on it are worked on. */
import type { RemotePlace } from "./places.js";

export class PerServer<T extends AsyncDisposable> implements AsyncDisposable {
  readonly #open: (place: RemotePlace) => Promise<T>;
  readonly #opened = new Map<string, Promise<T>>();

  constructor(open: (place: RemotePlace) => Promise<T>) {
    this.#open = open;
  }

  /** @throws CliError when it cannot be opened, the same again for every place of that server */
  of(place: RemotePlace): Promise<T> {
    const { path: _path, folder: _folder, type: _type, ...server } = place.url;
    const key = JSON.stringify(server, Object.keys(server).sort());
    const opened = this.#opened.get(key) ?? this.#open(place);
    this.#opened.set(key, opened);
    return opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    await Promise.all(
      opened.map((each) => (each.status === "fulfilled" ? each.value[Symbol.asyncDispose]() : undefined)),
    );
  }
}
