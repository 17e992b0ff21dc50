/** What a run was made on; numbers of different machines are not to be compared. */
import { cpus, loadavg, totalmem } from "node:os";

export function describeMachine() {
  return {
    date: new Date().toISOString().slice(0, 16),
    processors: `${cpus().length} x ${cpus()[0]?.model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: `Node.js ${process.versions.node}`,
    load: `load ${loadavg()
      .map((load) => load.toFixed(1))
      .join(" ")}`,
  };
}
