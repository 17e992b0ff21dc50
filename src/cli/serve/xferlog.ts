/** The transfer log of wu-ftpd, which ProFTPD and vsftpd write too and statistics programs read. */
import { encodeText } from "../../protocol/text.js";
import type { TransferEvent } from "../../server/events.js";
import type { FtpServer } from "../../server/server.js";
import { failure, systemReason } from "../errors.js";
import type { GuestBook } from "./guest-book.js";
import { LineFile } from "./line-file.js";

export class Xferlog {
  readonly #lines: LineFile;

  private constructor(lines: LineFile) {
    this.#lines = lines;
  }

  /** Appends to the file. @throws CliError when it cannot be written. */
  static async open(file: string, warn: (message: string) => void): Promise<Xferlog> {
    const message = (error: unknown): string => `cannot write ${file}: ${systemReason(error)}`;
    try {
      return new Xferlog(
        await LineFile.open(file, { mode: 0o640, onError: (error) => warn(message(error)) }),
      );
    } catch (error) {
      throw failure(message(error), error);
    }
  }

  attach(server: FtpServer, guests: GuestBook): void {
    server.on("transfer", (event) => this.record(event, guests));
  }

  record(event: TransferEvent, guests: GuestBook): void {
    if (event.content !== "file") return;
    this.#lines.append(xferlogLine(event, new Date(), guests.emailOf(event.session.peer)));
  }

  /** After logrotate moved the file away. */
  reopen(): void {
    this.#lines.reopen();
  }

  /** Writes what is still in memory. */
  close(): Promise<void> {
    return this.#lines.close();
  }
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * xferlog(5): current-time transfer-time remote-host file-size filename transfer-type special-action-flag
 * direction access-mode username service-name authentication-method authenticated-user-id completion-status.
 * Local time, whole seconds, the bytes that were moved, the pathname as the account sees it.
 * @param email Stands for the user name of anonymous guests, as in wu-ftpd.
 */
export function xferlogLine(event: TransferEvent, now: Date, email: string | undefined): string {
  const { session, outcome } = event;
  const anonymous = session.account === "anonymous";
  const fields = [
    timeOf(now),
    Math.max(1, Math.round(outcome.duration / 1000)),
    session.peer.address,
    outcome.bytes,
    field(outcome.path),
    event.type === "ascii" ? "a" : "b",
    "_",
    event.direction === "send" ? "o" : "i",
    anonymous ? "a" : "r",
    field((anonymous ? email : session.account) ?? "anonymous"),
    "ftp",
    0,
    "*",
    outcome.kind === "complete" ? "c" : "i",
  ];
  return `${fields.join(" ")}\n`;
}

/** `Mon Jan  5 09:03:07 2026` */
function timeOf(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = String(now.getDate()).padStart(2, " ");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
  return `${DAYS[now.getDay()]} ${MONTHS[now.getMonth()]} ${day} ${time} ${now.getFullYear()}`;
}

/** Fields end at white space, so it becomes `_`, and so does what could forge a line or fool a terminal. */
function field(text: string): string {
  const readable = encodeText(text).toString("utf8");
  return readable.replace(/[\s\u0000-\u001f\u007f-\u009f\ufffd]/g, "_") || "_";
}
