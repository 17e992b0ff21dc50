/** One case for each trouble: how it is produced. */
import type { Finding } from "../finding.js";

/** What was found when the trouble was there. By its id; findings.test.ts runs them. */
export type Cases = Readonly<Record<string, () => Promise<readonly Finding[]>>>;
