/** The sending direction of a transfer: file → codec → data connection. */
import type { Buffer } from "node:buffer";
import { bufferSize, buffers } from "../connection/buffer-pool.js";
import type { DataSocket } from "../connection/data-connection.js";
import { StorageError } from "../storage/errors.js";
import type { ReadHandle } from "../storage/storage.js";
import type { Codec } from "./codec.js";
import type { Run } from "./run.js";

/**
 * Sends all of a file and waits until the peer has it. A small file takes one turn when everything is at hand.
 * @throws whatever went wrong; `run.blame` tells whose fault it was.
 */
export async function send(
  { source, codec }: { readonly source: ReadHandle; readonly codec: Codec | undefined },
  socket: DataSocket,
  run: Run,
): Promise<void> {
  const encoder = codec?.encoder();
  let buffer = buffers.take(Math.min(run.chunk, source.size ?? run.chunk));
  try {
    for (;;) {
      const window = windowOf(buffer, run.chunk);
      const length = await read(source, window, run);
      if (length === 0) break;
      const chunk = length === window.length ? window : window.subarray(0, length);
      await give(socket, encoder === undefined ? chunk : encoder.convert(chunk), run);
      run.count(length);
      // The last chunk of a file needs no turn behind it: only its end is still to be read.
      if (run.bytes !== source.size) await run.pause(length);
      if (length === buffer.length && buffer.length < bufferSize(run.chunk)) {
        buffers.give(buffer);
        buffer = buffers.take(run.chunk);
      }
    }
    // The peer would take the closing for the end of the file.
    if (source.size !== undefined && run.bytes < source.size) {
      run.waitsFor = "storage";
      throw new StorageError("failed", `the file became shorter: ${run.bytes} of ${source.size} bytes`);
    }
    if (encoder !== undefined) await give(socket, encoder.end(), run);
    // Bounded by itself.
    run.waitsFor = "clock";
    await socket.finish();
  } finally {
    buffers.give(buffer);
  }
}

function windowOf(buffer: Buffer, chunk: number): Buffer {
  return chunk < buffer.length ? buffer.subarray(0, chunk) : buffer;
}

async function read(source: ReadHandle, into: Uint8Array, run: Run): Promise<number> {
  run.waitsFor = "storage";
  const answer = source.read(into);
  const length = typeof answer === "number" ? answer : await answer;
  run.check();
  // Another number would send what others left in the buffer.
  if (!Number.isInteger(length) || length < 0 || length > into.length) {
    throw new StorageError("failed", `read answered ${length} for ${into.length} bytes`);
  }
  return length;
}

async function give(socket: DataSocket, chunk: Uint8Array, run: Run): Promise<void> {
  run.waitsFor = "peer";
  const sent = socket.send(chunk);
  if (sent !== undefined) await sent;
}
