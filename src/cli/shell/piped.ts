/** A command's output through a program of this machine. */
import { interrupted, ReaderGone } from "../errors.js";
import type { Job } from "./jobs/job.js";
import { PipeOutput } from "./jobs/job-output.js";
import type { ShellOutput } from "./output.js";
import type { Shell } from "./shell.js";

/** Whether both succeeded. In the foreground the program has the terminal meanwhile, for its keys. */
export async function throughProgram(
  { shell, job, columns }: { readonly shell: Shell; readonly job: Job; readonly columns: number },
  command: string,
  work: (out: ShellOutput) => Promise<boolean>,
): Promise<boolean> {
  const { terminal, local, abandoned } = shell;
  const inForeground = job.place === "foreground";
  const run = async (): Promise<boolean> => {
    const out = new PipeOutput(command, columns, {
      terminal,
      directory: local.directory,
      // Ctrl-C reaches the program itself then, and a pager goes on with what it has.
      signal: inForeground ? abandoned : job.signal,
    });
    let succeeded = true;
    try {
      succeeded = await work(out);
    } catch (error) {
      // It has read enough: `ls | head`.
      if (!(error instanceof ReaderGone)) throw error;
    } finally {
      const code = await out.end();
      succeeded &&= code === 0;
    }
    return succeeded;
  };
  return inForeground ? await shell.lend(run, () => job.stop(interrupted())) : await run();
}
