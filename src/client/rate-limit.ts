/** A rate that several clients keep to together. */
import { Throttle } from "../dtp/throttle.js";
import { FtpArgumentError } from "./errors.js";

/** Given to several clients as `rate`: what they transfer, however many do so at once, is this much in all. */
export class RateLimit extends Throttle {
  /** @throws FtpArgumentError */
  constructor(bytesPerSecond: number) {
    if (!(bytesPerSecond > 0)) throw new FtpArgumentError("rate is to be more than 0");
    super(bytesPerSecond, performance.now());
  }
}
