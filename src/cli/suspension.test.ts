import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import { Suspension } from "./suspension.js";

describe("a process that is stopped by Ctrl-Z", () => {
  test("tells before and after, and is stopped by the signal all the same", () => {
    const told: string[] = [];
    const signals = new EventEmitter();
    const suspension = new Suspension({
      on: (signal, listener) => signals.on(signal, listener),
      removeListener: (signal, listener) => signals.removeListener(signal, listener),
      // Listeners that are left would keep the process from stopping.
      raise: (signal) => told.push(`${signal} to ${signals.listenerCount(signal)}`),
    });
    const forget = suspension.add({ suspended: () => told.push("off"), resumed: () => told.push("on") });
    for (let n = 0; n < 2; n++) {
      signals.emit("SIGTSTP");
      assert.deepEqual(told.splice(0), ["off", "SIGTSTP to 0", "on"]);
    }
    signals.emit("SIGCONT");
    assert.deepEqual(told.splice(0), ["on"]);
    forget();
    assert.deepEqual(signals.eventNames(), []);
  });
});
