import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { storageConformance } from "../../testing/storage-conformance.js";
import { type LocalStorageOptions, openLocalStorage } from "./index.js";
import { SCRATCH } from "./scratch.test.js";

const DEMANDS = [
  "openUnique",
  "resolve",
  "statLink",
  "setTimes",
  "settableTimes",
  "setMode",
  "makeLink",
  "availableSpace",
  "digest",
] as const;

const VARIANTS: readonly { readonly name: string; readonly options: Partial<LocalStorageOptions> }[] = [
  { name: "LocalStorage", options: {} },
  { name: "LocalStorage, confined by real paths", options: { confinement: "realpath" } },
  { name: "LocalStorage, uploads direct", options: { uploads: "direct" } },
  { name: "LocalStorage, durable", options: { durable: true } },
];

for (const { name, options } of VARIANTS) {
  const direct = options.uploads === "direct";
  storageConformance({
    name,
    async make() {
      const root = mkdtempSync(join(SCRATCH, "ferry-local-"));
      const open = (account: string | undefined) => openLocalStorage({ ...options, root, account });
      const storage = await open("someone");
      const views = [storage];
      const again = async (account?: "another" | "anonymous") => {
        const view = await open(account === "anonymous" ? undefined : (account ?? "someone"));
        views.push(view);
        return view;
      };
      return {
        storage,
        // A second login cannot replace a file that is growing in place: "busy", where the suite wants it done.
        ...(direct ? {} : { again }),
        async dispose() {
          for (const view of views) view.close();
          rmSync(root, { recursive: true });
        },
      };
    },
    capabilities: { atomic: !direct },
    demands: direct ? DEMANDS : [...DEMANDS, "partial"],
  });
}
