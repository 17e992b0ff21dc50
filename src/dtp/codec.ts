/**
 * Between the bytes of a file and those of a data connection (RFC 959 3.1, 3.4).
 *
 * Three layers, in this order when sending: representation (`representation/`: ASCII here; EBCDIC and local byte
 * sizes belong beside it), structure (`structure/`: record and page; file structure is the absence of one), mode
 * (`mode/`: block, compressed, deflate; stream mode is the absence of one). A layer is one file with its encoder
 * and decoder side by side, both pure: chunks in, chunks out, what does not fit carried over. This file alone
 * knows which combinations exist; all others are answered 504.
 */
import type { TransferParameters } from "../protocol/representation.js";
import type { Converter } from "./converter.js";
import { AsciiDecoder, AsciiEncoder } from "./representation/ascii.js";

export interface Codec {
  /** From the file to the data connection; a new one for each transfer. */
  encoder(): Converter;
  /** From the data connection to the file; a new one for each transfer. */
  decoder(): Converter;
  /** What ends a file: the closing of the data connection, or a mark in the data. */
  readonly endOfFile: "closing" | "mark";
}

const ASCII_STREAM: Codec = {
  encoder: () => new AsciiEncoder(),
  decoder: () => new AsciiDecoder(),
  endOfFile: "closing",
};

/** The codec of these parameters; undefined when bytes go as they are. */
export function codecFor({ type, structure, mode }: TransferParameters): Codec | undefined | "unsupported" {
  if (structure !== "F" || mode !== "S") return "unsupported";
  switch (type.kind) {
    case "image":
      return undefined;
    case "local":
      return type.byteSize === 8 ? undefined : "unsupported";
    case "ascii":
      return type.format === "N" ? ASCII_STREAM : "unsupported";
    case "ebcdic":
      return "unsupported";
  }
}
