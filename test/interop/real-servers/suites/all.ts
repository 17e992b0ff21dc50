/** All that is tried with one server. */
import type { RealServerKind } from "../../../support/real-servers/index.js";
import { PLAIN, withServer } from "./context.js";
import { fileTests } from "./files.js";
import { listingTests } from "./listings.js";
import { mirrorTests } from "./mirrors.js";
import { limitTests, sessionTests } from "./sessions.js";
import { transferTests } from "./transfers.js";

export function realServerTests(kind: RealServerKind): void {
  for (const way of PLAIN) {
    withServer(kind, `in clear, ${way.name}`, (context) => {
      for (const tests of [transferTests, listingTests, fileTests, sessionTests, mirrorTests])
        tests(context, way);
    });
  }
  limitTests(kind);
}
