import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { FileStructure, RepresentationType, TransmissionMode } from "../protocol/representation.js";
import { codecFor } from "./codec.js";

function codec(type: RepresentationType, structure: FileStructure = "F", mode: TransmissionMode = "S") {
  return codecFor({ type, structure, mode });
}

test("bytes go as they are in image type and in local type with bytes of 8 bits", () => {
  assert.equal(codec({ kind: "image" }), undefined);
  assert.equal(codec({ kind: "local", byteSize: 8 }), undefined);
});

test("ASCII has an encoder and a decoder, fresh for each transfer, and ends by closing", () => {
  const ascii = codec({ kind: "ascii", format: "N" });
  assert.ok(ascii !== undefined && ascii !== "unsupported");
  assert.equal(ascii.endOfFile, "closing");
  const first = ascii.decoder();
  first.convert(Buffer.from("\r"));
  assert.equal(Buffer.from(ascii.decoder().convert(Buffer.from("\n"))).toString(), "\n");
  assert.equal(Buffer.from(ascii.encoder().convert(Buffer.from("\n"))).toString(), "\r\n");
});

test("what cannot be done is said to be unsupported, never done in another way", () => {
  assert.equal(codec({ kind: "image" }, "R"), "unsupported");
  assert.equal(codec({ kind: "image" }, "P"), "unsupported");
  for (const mode of ["B", "C", "Z"] as const)
    assert.equal(codec({ kind: "image" }, "F", mode), "unsupported");
  assert.equal(codec({ kind: "ascii", format: "T" }), "unsupported");
  assert.equal(codec({ kind: "ascii", format: "C" }), "unsupported");
  assert.equal(codec({ kind: "ebcdic", format: "N" }), "unsupported");
  assert.equal(codec({ kind: "local", byteSize: 7 }), "unsupported");
  assert.equal(codec({ kind: "local", byteSize: 36 }), "unsupported");
});
