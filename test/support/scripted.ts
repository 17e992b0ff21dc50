/** How a client gets into a scripted server. */
import type { ScriptedServer } from "ferry/testing";

export function loginAt({ host, port }: ScriptedServer) {
  return { host, port, user: "anna", password: "secret" } as const;
}
