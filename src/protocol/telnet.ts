/**
 * What is left of Telnet (RFC 854) on a control connection, which RFC 959 2.3 says follows it: byte 255 (IAC)
 * begins a Telnet command, and stands for itself when it is doubled.
 */
import { Buffer } from "node:buffer";

const IAC = 0xff;
const WILL = 0xfb;
/** The lowest Telnet command, SE. Below it IAC begins nothing. */
const LOWEST_COMMAND = 0xf0;

/**
 * A line without its Telnet commands: IAC IAC is one byte 255; WILL, WONT, DO and DONT go with their option,
 * other commands alone. An IAC that begins no command, because a byte below 240 or the end of the line follows,
 * is kept: it is a byte of a name from a client that knows nothing of Telnet, such as curl.
 */
export function withoutTelnet(line: Uint8Array, from = 0): Buffer {
  const kept = Buffer.allocUnsafe(line.length - from);
  let length = 0;
  for (let at = from; at < line.length; at++) {
    const byte = line[at] as number;
    const command = byte === IAC ? (line[at + 1] ?? 0) : 0;
    if (command === IAC) at += 1;
    else if (command >= WILL) {
      at += 2;
      continue;
    } else if (command >= LOWEST_COMMAND) {
      at += 1;
      continue;
    }
    kept[length++] = byte;
  }
  return kept.subarray(0, length);
}

/**
 * A command line without its Telnet commands. Before the verb every byte from 128 up goes, whether or not an
 * IAC is to be seen: clients send parts of the Telnet Synch (RFC 854, "The TELNET Synch") before ABOR as urgent
 * data, which Linux takes out of the stream, and what stays is `FF F4 FF`, `F4 FF F2` or `F2`. To read such an
 * IAC with the byte behind it would lose the `A` of ABOR. The option of a real negotiation goes as well
 * (PuTTY begins with several); options are numbers below those of letters, so a letter there is the verb's.
 */
export function commandWithoutTelnet(line: Uint8Array): Buffer {
  let at = 0;
  while (at < line.length && (line[at] as number) >= 0x80) {
    const negotiation = line[at] === IAC && isNegotiation(line[at + 1]) && isOption(line[at + 2]);
    at += negotiation ? 3 : 1;
  }
  return withoutTelnet(line, at);
}

/** Text with byte 255 doubled, as RFC 854 has data. Such a byte is never part of UTF-8, only of other names. */
export function doubleIac(text: string): string {
  return text.includes("\udcff") ? text.replace(/\udcff/gu, "\udcff\udcff") : text;
}

function isNegotiation(byte: number | undefined): boolean {
  return byte !== undefined && byte >= WILL && byte < IAC;
}

function isOption(byte: number | undefined): boolean {
  return byte !== undefined && byte < 0x41;
}
