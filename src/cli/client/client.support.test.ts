/** For the tests of commands that talk to servers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Gone when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "ferry-client-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
