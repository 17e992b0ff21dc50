/**
 * Which replies are still to come, and whose they are. A reply names no command (RFC 959 4.2): the first one belongs to
 * the first command that was sent. A server that answers a transfer twice, the second time when the next command was
 * sent, would have every answer from there on taken for another one's.
 */
import type { Reply } from "../../protocol/reply.js";
import { FtpConnectionError, type FtpPhase } from "../errors.js";

/** What a late reply may be of: the transfer before, until the next one is answered. */
type Behind = "nothing" | "transfer" | "refused-transfer";

const TRANSFERS = new Set(["RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD"]);

/** Commands of which only one answer is of use, and 226 is none. */
const PRECISE = new Set(["EPSV", "PASV", "SIZE", "MDTM", "PWD", "RNFR"]);

/** Commands whose replies are known, and which move no data. Others, as SITE, may well say what they like. */
const PLAIN = new Set([
  ...PRECISE,
  ...["USER", "PASS", "ACCT", "CWD", "CDUP", "TYPE", "MODE", "STRU", "REST", "RANG", "PORT", "EPRT", "NOOP"],
  ...["DELE", "RMD", "MKD", "RNTO", "FEAT", "OPTS", "MLST", "MFMT", "MFF", "MFCT", "HASH", "PBSZ", "PROT"],
]);

export class Owed {
  /** Verbs whose completion reply was given to nobody yet, in the order in which they were sent. */
  #verbs: string[] = ["greeting"];
  /** How many of these replies have come. */
  #come = 0;
  #unasked = 0;
  #behind: Behind = "nothing";

  /** Completion replies that are still to be given; the greeting is the first. */
  get count(): number {
    return this.#verbs.length;
  }

  /** Replies that came since the last command and belong to none. */
  get unasked(): number {
    return this.#unasked;
  }

  sent(verb: string): void {
    this.#verbs.push(verb.toUpperCase());
    this.#unasked = 0;
  }

  /**
   * A reply that has come; whether anybody asked for it: a second 226, as some servers send behind an abort, is nobody's.
   * @throws FtpConnectionError when it cannot be of the command whose turn it is
   */
  heard(reply: Reply<number>, phase: FtpPhase): boolean {
    const { code } = reply;
    const verb = this.#verbs[this.#come];
    if (verb === undefined) {
      this.#unasked++;
      return false;
    }
    // Some servers answer ABOR at once, others in its turn.
    if (this.#verbs.includes("ABOR")) this.#behind = "refused-transfer";
    else if (!mayBelong(code, verb, this.#behind)) throw astray(verb, reply, phase);
    else if (TRANSFERS.has(verb)) this.#behind = behindTransfer(code);
    if (code >= 200) this.#come++;
    return true;
  }

  /** One that somebody asked for, to whoever waits. */
  given({ code }: Reply<number>): void {
    if (code < 200) return;
    this.#verbs.shift();
    this.#come--;
  }

  /** Nothing is owed any more. */
  clear(): void {
    this.#verbs = [];
    this.#come = 0;
  }
}

function behindTransfer(code: number): Behind {
  if (code < 200) return "nothing";
  if (code < 300) return "transfer";
  // Not even begun: the command is not known, or not taken.
  return (code >= 500 && code <= 504) || code === 530 ? "nothing" : "refused-transfer";
}

/**
 * Wrong alarms would be worse than what they prevent: any 2xx is a success to us, because servers differ in which one
 * they say (study/field.md 6.1). So 226 is astray only where a second one may be expected, or is of no use.
 */
function mayBelong(code: number, verb: string, behind: Behind): boolean {
  // Servers with nothing to send say 226 without a 150; behind a refusal it would make an empty file, or folder, of a
  // late reply.
  if (TRANSFERS.has(verb)) return code !== 226 || behind !== "refused-transfer";
  if (!PLAIN.has(verb)) return true;
  if (code >= 227 && code <= 229) return verb === "EPSV" || (verb === "PASV" && code !== 229);
  if (behind === "nothing") return true;
  if (code === 426) return false;
  return (code !== 225 && code !== 226) || (behind === "transfer" && !PRECISE.has(verb));
}

function astray(verb: string, reply: Reply<number>, phase: FtpPhase): FtpConnectionError {
  return new FtpConnectionError(`${verb} was answered ${reply.code}, which is another command's reply`, {
    phase,
    reply,
    hint: "The server answered something twice: the connection was closed, and the next call makes a new one.",
  });
}
