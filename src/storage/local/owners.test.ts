import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readOwners } from "./owners.js";
import { scratchTest } from "./scratch.test.js";

scratchTest("names of users and groups come from two files, odd lines do not", async ({ root }) => {
  const passwd = join(root, "passwd");
  const group = join(root, "group");
  const lines = [
    "root:x:0:0::/root:/bin/sh",
    "# comment",
    "",
    "toor:x:0:0",
    "a b:x:5:5",
    "+::::",
    "big:x:99999999999:1",
    "www-data:x:33:33",
  ];
  writeFileSync(passwd, lines.join("\n"));
  writeFileSync(group, "staff:x:50:ann,bob\n");
  const { users, groups } = readOwners(passwd, group);
  assert.deepEqual(
    [...users],
    [
      [0, "root"],
      [33, "www-data"],
    ],
  );
  assert.deepEqual([...groups], [[50, "staff"]]);
});

scratchTest("files that are missing name nobody", async ({ root }) => {
  const { users, groups } = readOwners(join(root, "none"), join(root, "none"));
  assert.equal(users.size + groups.size, 0);
});
