/** All that is tried with one server. */
import type { RealServerKind } from "../../../support/real-servers/index.js";
import { waysOf, withServer } from "./context.js";
import { fileTests } from "./files.js";
import { longListingTests, nameTests } from "./listings.js";
import { mirrorTests } from "./mirrors.js";
import { securityTests } from "./security.js";
import { limitTests, sessionTests } from "./sessions.js";
import { transferTests } from "./transfers.js";

/** What moves over data connections is tried in every way; what is only said, in the first one and in TLS. */
export function realServerTests(kind: RealServerKind): void {
  for (const way of waysOf(kind)) {
    withServer(
      kind,
      way.name,
      (context) => {
        for (const tests of [transferTests, mirrorTests]) tests(context, way);
        if (way.tls !== "off") securityTests(context, way);
        if (way.dataMode === "active" || way.tls === "implicit") return;
        for (const tests of [nameTests, longListingTests, fileTests, sessionTests]) tests(context, way);
      },
      { tls: way.tls },
    );
  }
  limitTests(kind);
}
