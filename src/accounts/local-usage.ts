/** What an account has stored, counted in this process. */
import type { Allowance, Use } from "../storage/allowance.js";
import { StorageError } from "../storage/errors.js";
import type { AccountQuota } from "./record.js";

export class LocalUsage implements Allowance {
  readonly #limits: () => AccountQuota;
  #bytes: number;
  #files: number;

  /** `limits` is asked each time: they may change while sessions run. */
  constructor(used: Required<Use>, limits: () => AccountQuota) {
    this.#bytes = used.bytes;
    this.#files = used.files;
    this.#limits = limits;
  }

  reserve({ bytes = 0, files = 0 }: Use): void {
    const { bytes: mostBytes = Infinity, files: mostFiles = Infinity } = this.#limits();
    const overrun =
      (bytes > 0 && this.#bytes + bytes > mostBytes) || (files > 0 && this.#files + files > mostFiles);
    if (overrun) throw new StorageError("quota", `${this.#bytes} bytes and ${this.#files} files are stored`);
    this.#bytes = Math.max(0, this.#bytes + bytes);
    this.#files = Math.max(0, this.#files + files);
  }

  get remaining(): number {
    return Math.max(0, (this.#limits().bytes ?? Infinity) - this.#bytes);
  }
}
