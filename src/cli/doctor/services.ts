/** Whether a web server answers where an FTP server was looked for: it waits for us to speak first. */
import { waitFor } from "../../connection/deadline.js";
import { Breakdown } from "./conversation.js";
import type { Visit } from "./visit.js";

const REQUEST = "HEAD / HTTP/1.0\r\n\r\n";

/** Whether somebody who waits for the other side to begin is a web server. */
export async function speaksHttp(visit: Visit): Promise<boolean> {
  const socket = await visit.dial(visit.address, visit.subject.port);
  try {
    const heard = await waitFor<string>(
      {
        signal: visit.signal,
        timeout: visit.subject.timeout,
        timedOut: () => new Breakdown("silent", "no answer"),
        aborted: () => new Breakdown("stopped", "stopped"),
      },
      (resolve) => {
        socket.once("data", (chunk: Buffer) => resolve(chunk.toString("latin1")));
        for (const event of ["error", "close"]) socket.on(event, () => resolve(""));
        socket.write(REQUEST);
        return () => {};
      },
    );
    return heard.startsWith("HTTP/");
  } catch (error) {
    if (error instanceof Breakdown && error.reason === "silent") return false;
    throw error;
  } finally {
    socket.destroy();
  }
}
