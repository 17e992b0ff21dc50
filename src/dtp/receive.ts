/** The receiving direction of a transfer: data connection → codec → file. */
import type { DataSocket } from "../connection/data-connection.js";
import type { WriteHandle } from "../storage/storage.js";
import type { Codec } from "./codec.js";
import type { Run } from "./run.js";

/**
 * Receives until the peer ends the file, and writes all of it; committing is the caller's.
 * @throws whatever went wrong; `run.blame` tells whose fault it was.
 */
export async function receive(
  { sink, codec }: { readonly sink: WriteHandle; readonly codec: Codec | undefined },
  socket: DataSocket,
  run: Run,
): Promise<void> {
  const decoder = codec?.decoder();
  for (;;) {
    run.waitsFor = "peer";
    const answer = socket.receive(run.chunk);
    const chunk = answer instanceof Promise ? await answer : answer;
    if (chunk === undefined) break;
    const put = write(sink, decoder === undefined ? chunk : decoder.convert(chunk), run);
    if (put !== undefined) await put;
    run.check();
    await run.pause(chunk.length);
  }
  if (decoder !== undefined) await write(sink, decoder.end(), run);
  run.check();
}

function write(sink: WriteHandle, bytes: Uint8Array, run: Run): void | Promise<void> {
  run.waitsFor = "storage";
  const written = bytes.length === 0 ? undefined : sink.write(bytes);
  if (written === undefined) return run.count(bytes.length);
  return written.then(() => run.count(bytes.length));
}
