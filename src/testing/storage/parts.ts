/** DESIGN 6.1, row by row. */
import assert from "node:assert/strict";
import type { WriteIntent } from "../../storage/storage.js";
import { assertBytes, assertReason, feed, pattern, type Subject } from "./subject.js";
import type { Suite } from "./suite.js";

const CREATE: WriteIntent = { intent: "create" };
const REPLACE: WriteIntent = { intent: "replace" };
const APPEND: WriteIntent = { intent: "append" };

export function partTests(suite: Suite): void {
  const unit = suite.capabilities.partUnit;
  const whole = pattern(unit * 4 + 321);
  const needs = { methods: ["partial"] } as const;
  const withViews = { methods: ["partial"], views: true } as const;

  /** Leaves a part of two units at a pathname. */
  const leavePart = async (s: Subject, path: string, intent: WriteIntent = REPLACE): Promise<number> => {
    const kept = await s.breakOff(path, whole.subarray(0, unit * 2 + 5), intent);
    assert.equal(kept, unit * 2);
    assert.equal(await s.part(path), kept);
    return kept;
  };

  suite.test("tells of none where no upload broke off", needs, async (s) => {
    await s.write("/file", whole);
    assert.equal(await s.part("/file"), undefined);
    assert.equal(await s.part("/missing"), undefined);
  });

  for (const intent of [CREATE, REPLACE, APPEND]) {
    suite.test(`keeps whole units strictly below what arrived (${intent.intent})`, needs, async (s) => {
      const arrivals = [0, 1, unit - 1, unit, unit + 1, unit * 2, unit * 2 + 1, unit * 3 - 1];
      for (const arrived of arrivals) {
        const path = `/${arrived}`;
        const kept = await s.breakOff(path, whole.subarray(0, arrived), intent);
        assert.equal(kept, Math.max(0, Math.ceil(arrived / unit) - 1) * unit, `of ${arrived}`);
        assert.equal(await s.part(path), kept === 0 ? undefined : kept);
        assert.equal(await s.exists(path), false);
      }
      assert.deepEqual(await s.names("/"), []);
    });
  }

  suite.test(
    "keeps an empty part where a file is visible, so that nobody resumes that file",
    needs,
    async (s) => {
      for (const arrived of [0, 1, unit]) {
        await s.write("/file", "visible", REPLACE);
        assert.equal(await s.breakOff("/file", whole.subarray(0, arrived), REPLACE), 0, `of ${arrived}`);
        assert.equal(await s.part("/file"), 0, `of ${arrived}`);
        assert.equal(await s.text("/file"), "visible");
        await assertReason(s.open("/file", { intent: "resume", start: 7 }), "bad-offset");
      }
      await s.write("/file", " still", APPEND);
      assert.equal(await s.text("/file"), "visible still");
      assert.equal(await s.part("/file"), undefined);
    },
  );

  suite.test("says since when", needs, async (s) => {
    await leavePart(s, "/file");
    const part = await s.method("partial")("/file" as never, s.o);
    assert.ok(Math.abs((part?.since ?? 0) - Date.now()) < 120_000, `${part?.since}`);
  });

  suite.test("never touches the visible file before it is complete", needs, async (s) => {
    await s.write("/file", "visible");
    const kept = await leavePart(s, "/file");
    assert.equal(await s.text("/file"), "visible");
    const handle = await s.open("/file", { intent: "resume", start: kept });
    await feed(handle, whole.subarray(kept));
    assert.equal(await s.text("/file"), "visible");
    await handle.commit();
    assertBytes(await s.read("/file"), whole);
    assert.equal(await s.part("/file"), undefined);
    assert.deepEqual(await s.names("/"), ["file"]);
  });

  suite.test("resumes a part at its end", needs, async (s) => {
    const kept = await leavePart(s, "/file");
    const handle = await s.open("/file", { intent: "resume", start: kept });
    assert.equal(handle.start, kept);
    await feed(handle, whole.subarray(kept));
    assert.equal((await handle.commit()).size, whole.length);
    assertBytes(await s.read("/file"), whole);
  });

  suite.test("cuts a part off where it is resumed", needs, async (s) => {
    await leavePart(s, "/file");
    const start = unit + 77;
    await s.write("/file", whole.subarray(start, start + 10), { intent: "resume", start });
    assertBytes(await s.read("/file"), whole.subarray(0, start + 10));
  });

  suite.test('refuses to resume beyond a part: "bad-offset", and keeps it', needs, async (s) => {
    await s.write("/file", whole);
    const kept = await leavePart(s, "/file");
    await assertReason(s.open("/file", { intent: "resume", start: kept + 1 }), "bad-offset");
    assert.equal(await s.part("/file"), kept);
  });

  suite.test("appends to the part, not to the visible file", needs, async (s) => {
    await s.write("/file", "visible");
    const kept = await leavePart(s, "/file");
    const handle = await s.open("/file", APPEND);
    assert.equal(handle.start, kept);
    await feed(handle, whole.subarray(kept));
    assert.equal(await s.text("/file"), "visible");
    await handle.commit();
    assertBytes(await s.read("/file"), whole);
  });

  suite.test("drops the part when the upload begins anew", needs, async (s) => {
    await leavePart(s, "/file", CREATE);
    await s.write("/file", "anew", CREATE);
    assert.equal(await s.part("/file"), undefined);
    await leavePart(s, "/file");
    await s.write("/file", "once more", REPLACE);
    assert.equal(await s.part("/file"), undefined);
    await s.write("/file", "!", APPEND);
    assert.equal(await s.text("/file"), "once more!");
  });

  suite.test("drops the part when the file is removed", needs, async (s) => {
    await s.write("/file", "visible");
    await leavePart(s, "/file");
    await s.remove("/file");
    assert.equal(await s.part("/file"), undefined);
  });

  suite.test("drops the part of a name that another file is given", needs, async (s) => {
    await s.write("/other", "other");
    await leavePart(s, "/file");
    await s.rename("/other", "/file", true);
    assert.equal(await s.part("/file"), undefined);
    await s.write("/file", "!", APPEND);
    assert.equal(await s.text("/file"), "other!");
  });

  suite.test("drops the part when the directory is removed", needs, async (s) => {
    await s.makeDirectory("/dir");
    await leavePart(s, "/dir/file");
    await s.removeDirectory("/dir");
    await s.makeDirectory("/dir");
    assert.equal(await s.part("/dir/file"), undefined);
    assert.deepEqual(await s.names("/dir"), []);
  });

  suite.test("keeps parts of several pathnames apart", needs, async (s) => {
    await leavePart(s, "/one");
    assert.equal(await s.part("/two"), undefined);
    await s.breakOff("/two", pattern(unit + 1, 9), REPLACE);
    assert.equal(await s.part("/one"), unit * 2);
    assert.equal(await s.part("/two"), unit);
    await s.write("/one", whole.subarray(unit * 2), { intent: "resume", start: unit * 2 });
    assertBytes(await s.read("/one"), whole);
  });

  suite.test("grows to the whole over any number of broken uploads", needs, async (s) => {
    let start = await leavePart(s, "/file");
    for (let n = 0; n < 4; n++) {
      const arrived = whole.subarray(start, Math.min(whole.length - 1, start + unit));
      const kept = await s.breakOff("/file", arrived, { intent: "resume", start });
      assert.ok(kept < start + arrived.length || arrived.length === 0, "it looks whole");
      assert.equal(await s.part("/file"), kept === 0 ? undefined : kept);
      start = kept;
    }
    await s.write("/file", whole.subarray(start), { intent: "resume", start });
    assertBytes(await s.read("/file"), whole);
  });

  suite.test("does not shrink when a continued upload breaks off at once", needs, async (s) => {
    const kept = await leavePart(s, "/file");
    assert.equal(await s.breakOff("/file", "", { intent: "resume", start: kept }), kept);
    assert.equal(await s.breakOff("/file", "", APPEND), kept);
    assert.equal(await s.part("/file"), kept);
  });

  suite.test("lets one writer at a time continue a part", needs, async (s) => {
    const kept = await leavePart(s, "/file");
    const handle = await s.open("/file", { intent: "resume", start: kept });
    await assertReason(s.open("/file", { intent: "resume", start: kept }), "busy");
    await assertReason(s.open("/file", APPEND), "busy");
    await feed(handle, whole.subarray(kept));
    await handle.commit();
    assertBytes(await s.read("/file"), whole);
  });

  suite.test("leaves no part of an upload that a newer one overtook", needs, async (s) => {
    const stale = await s.open("/file", REPLACE);
    await feed(stale, whole.subarray(0, unit * 3));
    try {
      await s.write("/file", "newer", REPLACE);
    } catch (error) {
      // A storage may also let the newer one wait.
      await stale.abandon(new Error("the connection was lost"));
      return assertReason(Promise.reject(error), "busy");
    }
    await stale.abandon(new Error("the connection was lost"));
    assert.equal(await s.part("/file"), undefined);
    assert.equal(await s.text("/file"), "newer");
  });

  suite.test("keeps what a checkpoint promised", needs, async (s) => {
    const handle = await s.open("/file", REPLACE);
    await feed(handle, whole.subarray(0, unit + 10));
    const offset = (await handle.checkpoint?.()) ?? 0;
    await feed(handle, whole.subarray(unit + 10, unit + 20));
    const { kept } = await handle.abandon(new Error("the connection was lost"));
    assert.ok(kept >= offset, `${kept} of ${offset}`);
    await s.write("/file", whole.subarray(offset), { intent: "resume", start: offset });
    assertBytes(await s.read("/file"), whole);
  });

  suite.test("outlives a restart", withViews, async (s) => {
    const kept = await leavePart(s, "/file");
    const restarted = await s.view();
    assert.equal(await restarted.part("/file"), kept);
    await restarted.write("/file", whole.subarray(kept), { intent: "resume", start: kept });
    assertBytes(await restarted.read("/file"), whole);
  });

  suite.test("belongs to the account whose upload it was", withViews, async (s) => {
    await s.write("/file", "visible");
    const kept = await leavePart(s, "/file");
    const other = await s.view("another");
    assert.equal(await other.part("/file"), undefined);
    await assertReason(other.open("/file", { intent: "resume", start: kept }), "bad-offset");
    await other.write("/file", "!", APPEND);
    assert.equal(await other.text("/file"), "visible!");
    await other.write("/file", "replaced", REPLACE);
    assert.equal(await s.part("/file"), kept);
    await s.write("/file", whole.subarray(kept), { intent: "resume", start: kept });
    assertBytes(await other.read("/file"), whole);
  });

  suite.test("is not kept for anonymous logins", withViews, async (s) => {
    const anonymous = await s.view("anonymous");
    if (anonymous.storage.partial === undefined) return;
    assert.equal(await anonymous.breakOff("/file", whole, REPLACE), 0);
    assert.equal(await anonymous.part("/file"), undefined);
    const kept = await leavePart(s, "/file");
    assert.equal(await anonymous.part("/file"), undefined);
    await anonymous.write("/file", "anonymous", CREATE);
    assert.equal(await s.part("/file"), kept);
  });

  suite.test("is found through links", { methods: ["partial", "makeLink"] }, async (s) => {
    await s.makeDirectory("/dir");
    await s.write("/dir/file", "visible");
    await s.makeLink("/to-dir", "dir");
    await s.makeLink("/to-file", "dir/file");
    const kept = await leavePart(s, "/to-file");
    for (const path of ["/dir/file", "/to-dir/file"]) assert.equal(await s.part(path), kept);
    await s.write("/to-dir/file", whole.subarray(kept), { intent: "resume", start: kept });
    assertBytes(await s.read("/dir/file"), whole);
    assert.equal((await s.entries("/")).get("to-file")?.type, "link");
  });
}
