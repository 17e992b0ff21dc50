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
    await put(sink, decoder === undefined ? chunk : decoder.convert(chunk), run);
    await run.pause(chunk.length);
  }
  if (decoder !== undefined) await put(sink, decoder.end(), run);
}

async function put(sink: WriteHandle, chunk: Uint8Array, run: Run): Promise<void> {
  if (chunk.length > 0) {
    run.waitsFor = "storage";
    const written = sink.write(chunk);
    if (written !== undefined) await written;
  }
  run.count(chunk.length);
  run.check();
}
