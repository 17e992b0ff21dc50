/** How a transfer begins: the data connection is prepared, [REST], the command, and the server's first word. */
import type { DataConnection } from "../../connection/data-connection.js";
import { codecFor } from "../../dtp/codec.js";
import type { Reply } from "../../protocol/reply.js";
import { FtpArgumentError } from "../errors.js";
import type { DataUse } from "../session/data-port.js";
import type { Session } from "../session/session.js";
import type { ClientTransfer } from "./job.js";

/** A transfer whose command the server has taken. */
export interface BegunTransfer {
  readonly connection: DataConnection;
  /** 1xx, or 2xx when there is nothing to send. */
  readonly first: Reply<number>;
}

/** @throws FtpError; the file is let go then, and the data connection closed */
export async function beginTransfer(
  session: Session,
  job: ClientTransfer,
  acceptBareEnd: DataUse["acceptBareEnd"],
): Promise<BegunTransfer> {
  const use: DataUse = { direction: job.direction, acceptBareEnd };
  const { signal } = job;
  let connection: DataConnection | undefined;
  try {
    let first: Reply<number>;
    if (codecFor(job.parameters) === "unsupported") {
      throw new FtpArgumentError("Ferry cannot convert between this TYPE, STRU and MODE and a file");
    }
    await session.useParameters(job.parameters, signal);
    if (mayGoTogether(session, job) && (await session.pipelines(signal))) {
      sendTogether(session, job);
      if (job.before !== undefined)
        job.before.onReply(await session.pi.completion(session.wait("command", signal)));
      connection = await session.dataPort.answered(use, session.wait("data-connection", signal));
      first = await session.begun(job.verb, signal);
    } else {
      await askBefore(session, job);
      connection = await session.dataPort.prepare(use, session.wait("data-connection", signal));
      if (job.restart) await session.restart(job.start, signal, lengthOf(job));
      first = await session.begin(job.verb, job.argument, signal);
    }
    job.onBegin?.();
    return { connection, first };
  } catch (error) {
    await connection?.[Symbol.asyncDispose]();
    await release(job, error);
    throw error;
  }
}

/** Only a way of data connections that has worked is relied on before its reply is there. */
function mayGoTogether(session: Session, job: ClientTransfer): boolean {
  return job.pipeline === true && job.start === 0 && session.dataPort.isProven;
}

function sendTogether(session: Session, { before, verb, argument }: ClientTransfer): void {
  session.pi.together(() => {
    if (before !== undefined) session.pi.send(before.verb, session.encoded(before.argument), "command");
    session.dataPort.ask();
    session.sendTransfer(verb, argument);
  });
}

async function askBefore(session: Session, { before, signal }: ClientTransfer): Promise<void> {
  if (before !== undefined) before.onReply(await session.ask(before.verb, before.argument, signal));
}

function lengthOf(job: ClientTransfer): number | undefined {
  return job.direction === "receive" ? job.length : undefined;
}

/** The file of a transfer that has not begun. */
async function release(job: ClientTransfer, cause: unknown): Promise<void> {
  if (job.direction === "receive") await job.sink.abandon(cause);
  else await job.source.close();
}
