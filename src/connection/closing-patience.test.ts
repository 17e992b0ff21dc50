import assert from "node:assert/strict";
import { test } from "node:test";
import { ClosingPatience } from "./closing-patience.js";

test("patience shrinks with each peer that closes late, and peers that never close in time soon cost nothing", () => {
  const patience = new ClosingPatience();
  let waited = 0;
  for (let file = 0; file < 1000; file++) {
    waited += patience.milliseconds;
    patience.closedLate();
  }
  assert.ok(waited >= 3000 && waited <= 4000, `${waited} ms for 1,000 files`);
});

test("patience is whole again after a peer has closed in time", () => {
  const patience = new ClosingPatience();
  const whole = patience.milliseconds;
  patience.closedLate();
  patience.closedLate();
  patience.closedInTime();
  assert.equal(patience.milliseconds, whole);
});
