/** Keeps the list in docs/doctor.md true: it is made from the declarations. `FERRY_WRITE_DOCS=1` writes it anew. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { COMMON_TROUBLES } from "./examination.js";
import type { Side, Troubles } from "./finding.js";
import type { Section } from "./probe.js";
import { PROBES } from "./probes/index.js";

const DOCUMENT = new URL("../../../docs/doctor.md", import.meta.url);
const BEGIN = "## What it can find\n";

const SIDES: Readonly<Record<Side, string>> = {
  server: "Server",
  client: "Your side",
  network: "Between",
};

test("docs/doctor.md lists every trouble as it is declared", () => {
  const page = readFileSync(DOCUMENT, "utf8");
  const rendered = `${page.slice(0, page.indexOf("\n### ", page.indexOf(BEGIN)))}\n${listed()}`;
  if (process.env.FERRY_WRITE_DOCS === "1") writeFileSync(DOCUMENT, rendered);
  assert.equal(readFileSync(DOCUMENT, "utf8"), rendered, "run `npm run docs` and commit what it wrote");
});

test("declarations are sentences, and their settings name servers", () => {
  for (const [id, { text, cause, change, weight }] of Object.entries(everything())) {
    assert.match(id, /^[a-z\d]+(?:-[a-z\d]+)*$/);
    assert.match(text, /^[A-Z].*[^.]$/, id);
    assert.match(cause, /^[A-Z].*[.]$/, id);
    for (const { what } of change) assert.match(what, /^[A-Z].*\.$/, id);
    assert.ok(change.length > 0 && weight >= 1 && weight <= 100, id);
  }
});

function everything(): Troubles {
  return Object.assign({}, COMMON_TROUBLES, ...PROBES.map(({ troubles }) => troubles));
}

function listed(): string {
  const sections = new Map<Section | "Anywhere", Troubles>();
  for (const { section, troubles } of PROBES) {
    sections.set(section, { ...sections.get(section), ...troubles });
  }
  sections.set("Anywhere", COMMON_TROUBLES);
  return [...sections].map(([section, troubles]) => `### ${section}\n\n${table(troubles)}`).join("\n");
}

function table(troubles: Troubles): string {
  const rows = Object.entries(troubles).map(([id, { kind, text, cause, change }]) => {
    const advice = change.map(({ side, what, settings }) => {
      const own = Object.entries(settings ?? {}).map(([name, setting]) => `${name}: ${setting}`);
      return `**${SIDES[side]}**: ${own.length > 0 ? `${what.replace(/\.$/, "")} (${own.join("; ")}).` : what}`;
    });
    return [`\`${id}\``, kind, `${text}. ${cause}`, advice.join(" ")];
  });
  const head = [
    ["Id", "Kind", "What it means", "What to do"],
    ["---", "---", "---", "---"],
  ];
  return [...head, ...rows].map((row) => `| ${row.map(cell).join(" | ")} |\n`).join("");
}

/** `{port}` and the like are values, and a bar would end the cell. */
function cell(text: string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => `*${name}*`).replaceAll("|", "\\|");
}
