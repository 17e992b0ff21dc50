/** What is measured: each row runs once per server and round. */
import { setTimeout as delay } from "node:timers/promises";
import { Control } from "./control.js";
import { MiB, type Sizes, SMALL } from "./fixture.js";
import { openSessions, receive, store } from "./load.js";
import type { Reported, Sample } from "./report.js";
import { receiveSecurely, storeSecurely } from "./secure-load.js";
import type { Server } from "./servers.js";

export interface Row extends Reported {
  /** A server of its own for each sample: what an earlier one left in memory would count. */
  readonly fresh?: boolean;
  readonly mostRounds?: number;
  run(server: Server): Promise<Sample>;
}

export function rowsFor(sizes: Sizes): readonly Row[] {
  const { size, files, entries, sessions } = sizes;
  return [
    {
      name: "retr",
      title: `RETR ${size} MiB`,
      unit: "MiB/s",
      better: "more",
      costUnit: "CPU s/GiB",
      async run(server) {
        const used = await measure(server, async (control) => {
          const bytes = await receive(control, server.target, "RETR big.bin");
          if (bytes !== size * MiB)
            throw new Error(`${server.name} sent ${bytes} bytes instead of ${size} MiB`);
        });
        return { value: size / used.seconds, cost: (used.processorTime * 1024) / size };
      },
    },
    {
      name: "stor",
      title: `STOR ${size} MiB`,
      unit: "MiB/s",
      better: "more",
      costUnit: "CPU s/GiB",
      async run(server) {
        const used = await measure(server, (control) =>
          store(control, server.target, "in/big.bin", size * MiB),
        );
        await checkAndDelete(server, "in/big.bin", size * MiB);
        return { value: size / used.seconds, cost: (used.processorTime * 1024) / size };
      },
    },
    {
      name: "retr-small",
      title: `RETR ${files} x 1 KiB`,
      unit: "files/s",
      better: "more",
      costUnit: "CPU ms each",
      async run(server) {
        const used = await measure(server, async (control) => {
          for (let i = 0; i < files; i++) await receive(control, server.target, `RETR small/${i}.bin`);
        });
        return { value: files / used.seconds, cost: (used.processorTime * 1000) / files };
      },
    },
    {
      name: "stor-small",
      title: `STOR ${files} x 1 KiB`,
      unit: "files/s",
      better: "more",
      costUnit: "CPU ms each",
      async run(server) {
        // Each file is new in the first round and replaced in the others. The servers run as different users, so
        // each has its own.
        const used = await measure(server, async (control) => {
          for (let i = 0; i < files; i++)
            await store(control, server.target, `in/${server.name}-${i}.bin`, SMALL);
        });
        return { value: files / used.seconds, cost: (used.processorTime * 1000) / files };
      },
    },
    {
      name: "ftps-retr",
      title: `FTPS RETR ${size} MiB`,
      unit: "MiB/s",
      better: "more",
      costUnit: "CPU s/GiB",
      async run(server) {
        const login = Control.loginSecurely(server.target);
        const used = await measure(
          server,
          async (control) => {
            const bytes = await receiveSecurely(control, server.target, "RETR big.bin");
            if (bytes !== size * MiB)
              throw new Error(`${server.name} sent ${bytes} bytes instead of ${size} MiB`);
          },
          login,
        );
        return { value: size / used.seconds, cost: (used.processorTime * 1024) / size };
      },
    },
    {
      name: "ftps-stor",
      title: `FTPS STOR ${size} MiB`,
      unit: "MiB/s",
      better: "more",
      costUnit: "CPU s/GiB",
      async run(server) {
        const used = await measure(
          server,
          (control) => storeSecurely(control, server.target, "in/big.bin", size * MiB),
          Control.loginSecurely(server.target),
        );
        await checkAndDelete(server, "in/big.bin", size * MiB);
        return { value: size / used.seconds, cost: (used.processorTime * 1024) / size };
      },
    },
    {
      name: "ftps-retr-small",
      title: `FTPS RETR ${Math.ceil(files / 4)} x 1 KiB`,
      unit: "files/s",
      better: "more",
      costUnit: "CPU ms each",
      async run(server) {
        const count = Math.ceil(files / 4);
        const used = await measure(
          server,
          async (control) => {
            for (let i = 0; i < count; i++)
              await receiveSecurely(control, server.target, `RETR small/${i}.bin`);
          },
          Control.loginSecurely(server.target),
        );
        return { value: count / used.seconds, cost: (used.processorTime * 1000) / count };
      },
    },
    {
      name: "list",
      title: `LIST ${entries} entries`,
      unit: "s",
      better: "less",
      costUnit: "CPU s",
      async run(server) {
        let lines = 0;
        const count = (chunk: Buffer) => {
          for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
        };
        const used = await measure(server, (control) => receive(control, server.target, "LIST many", count));
        if (lines !== entries) throw new Error(`${server.name} listed ${lines} of ${entries} entries`);
        return { value: used.seconds, cost: used.processorTime };
      },
    },
    {
      name: "idle",
      title: `${sessions} idle sessions`,
      unit: "KiB each (PSS)",
      better: "less",
      costUnit: "CPU ms per login",
      fresh: true,
      mostRounds: 3,
      async run(server) {
        const processes = server.processes.size;
        const before = server.processes.memory();
        const spent = server.processes.processorTime();
        const open = await openSessions(server.target, sessions);
        const login = server.processes.processorTime() - spent;
        // Until what the last logins left running has ended.
        await delay(500);
        const value = (server.processes.memory() - before) / 1024 / sessions;
        for (const control of open) control.destroy();
        await settled(server, processes);
        return { value, cost: (login * 1000) / sessions };
      },
    },
  ];
}

interface Used {
  readonly seconds: number;
  readonly processorTime: number;
}

/** Of `work` alone, while the session lives: the processor time of a session's process goes with it. */
async function measure(
  server: Server,
  work: (control: Control) => Promise<unknown>,
  login = Control.login(server.target),
): Promise<Used> {
  const control = await login;
  const spent = server.processes.processorTime();
  const start = performance.now();
  await work(control);
  const seconds = (performance.now() - start) / 1000;
  const processorTime = server.processes.processorTime() - spent;
  await control.quit();
  return { seconds, processorTime };
}

/** Sessions that are processes end a little after their connections. */
async function settled(server: Server, processes: number): Promise<void> {
  for (let attempt = 0; attempt < 1000 && server.processes.size > processes; attempt++) await delay(5);
}

async function checkAndDelete(server: Server, name: string, size: number): Promise<void> {
  const control = await Control.login(server.target);
  const { text } = await control.send(`SIZE ${name}`, 213);
  if (text !== `213 ${size}`) throw new Error(`${server.name} kept another size: ${text}`);
  await control.send(`DELE ${name}`, 250);
  await control.quit();
}

/** Both directions, byte for byte, before anything is measured. */
export async function checkContent(server: Server, sample: Buffer): Promise<void> {
  const control = await Control.login(server.target);
  await store(control, server.target, "in/sample.bin", sample.length, sample);
  for (const name of ["sample.bin", "in/sample.bin"]) {
    const chunks: Buffer[] = [];
    // The buffer is used again for the next chunk.
    await receive(control, server.target, `RETR ${name}`, (chunk) => chunks.push(Buffer.from(chunk)));
    if (!Buffer.concat(chunks).equals(sample)) throw new Error(`${server.name} garbled ${name}`);
  }
  await control.send("DELE in/sample.bin", 250);
  await control.quit();
}
