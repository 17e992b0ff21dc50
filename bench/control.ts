/** The control connection of the load generator: as little as a benchmark needs, the same for every server. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";

/** The same for every server: TLS 1.3, AES-256-GCM. */
const TLS: ConnectionOptions = {
  rejectUnauthorized: false,
  minVersion: "TLSv1.3",
  ciphers: "TLS_AES_256_GCM_SHA384",
};

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface Answer {
  readonly code: number;
  /** The last line. */
  readonly text: string;
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export class Control {
  #socket: Socket;
  #session: Buffer | undefined;
  readonly #answers: Answer[] = [];
  readonly #waiting: Waiting[] = [];
  #rest = "";
  #lost: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", this.#onData);
    socket.on("error", (error) => this.#lose(error));
    socket.on("close", () => this.#lose(new Error("the server closed the control connection")));
  }

  /** Connected and logged in, TYPE I. */
  static async login(target: Target): Promise<Control> {
    const control = new Control(connect(target.port, target.host));
    await control.expect(220);
    const answer = await control.send(`USER ${target.user}`);
    if (answer.code === 331) await control.send(`PASS ${target.password}`, 230);
    await control.send("TYPE I", 200);
    return control;
  }

  /** The same in TLS, with PROT P. */
  static async loginSecurely(target: Target): Promise<Control> {
    const control = new Control(connect(target.port, target.host));
    await control.expect(220);
    await control.send("AUTH TLS", 234);
    const plain = control.#socket;
    plain.removeListener("data", control.#onData);
    const tls = connectTls({ ...TLS, socket: plain });
    tls.on("error", (error) => control.#lose(error));
    tls.on("session", (session: Buffer) => {
      control.#session = session;
    });
    await once(tls, "secureConnect");
    control.#socket = tls;
    tls.on("data", control.#onData);
    const answer = await control.send(`USER ${target.user}`);
    if (answer.code === 331) await control.send(`PASS ${target.password}`, 230);
    await control.send("PBSZ 0", 200);
    await control.send("PROT P", 200);
    await control.send("TYPE I", 200);
    return control;
  }

  /** A data connection in TLS, resuming this control connection's session; as it is where that is clear. */
  secure(socket: Socket): TLSSocket | undefined {
    if (this.#session === undefined) return undefined;
    return connectTls({ ...TLS, socket, session: this.#session });
  }

  /** Sends a command; its first reply, which must have one of these codes when there are any. */
  send(line: string, ...codes: readonly number[]): Promise<Answer> {
    this.#socket.write(`${line}\r\n`);
    return this.expect(...codes);
  }

  async expect(...codes: readonly number[]): Promise<Answer> {
    const answer = await this.#next();
    if (codes.length > 0 && !codes.includes(answer.code)) throw new Error(`unexpected reply: ${answer.text}`);
    return answer;
  }

  async quit(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    await this.send("QUIT", 221);
    await closed;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #next(): Promise<Answer> {
    const answer = this.#answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  readonly #onData = (chunk: Buffer): void => this.#receive(chunk.toString("latin1"));

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split("\r\n");
    this.#rest = lines.pop() ?? "";
    for (const text of lines) {
      // The lines of a longer reply before its last one begin otherwise.
      if (!/^\d{3} /.test(text)) continue;
      const answer = { code: Number(text.slice(0, 3)), text };
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#answers.push(answer);
      else waiting.resolve(answer);
    }
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
  }
}
