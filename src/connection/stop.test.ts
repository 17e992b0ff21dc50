import assert from "node:assert/strict";
import { test } from "node:test";
import { Stop } from "./stop.js";

test("whoever listens is told once, in order, and then no more", () => {
  const stop = new Stop();
  const told: string[] = [];
  stop.addEventListener("abort", () => told.push("one"));
  stop.addEventListener("abort", () => told.push("other"));
  stop.abort("enough");
  stop.abort("again");
  stop.addEventListener("abort", () => told.push("late"));
  assert.deepEqual([told, stop.aborted, stop.reason], [["one", "other"], true, "enough"]);
});

test("a listener that was taken away is not told, not even by one before it", () => {
  const stop = new Stop();
  const told: string[] = [];
  const other = () => told.push("other");
  const gone = () => told.push("gone");
  stop.addEventListener("abort", gone);
  stop.removeEventListener("abort", gone);
  stop.removeEventListener("abort", gone);
  stop.addEventListener("abort", () => {
    told.push("one");
    stop.removeEventListener("abort", other);
  });
  stop.addEventListener("abort", other);
  stop.abort();
  assert.deepEqual(told, ["one"]);
  assert.ok(stop.reason instanceof Error);
});
