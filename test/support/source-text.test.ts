import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readSource } from "./source-text.js";

const specifiers = (text: string) => readSource(text).imports.map(({ specifier }) => specifier);

describe("the reader of imports", () => {
  const forms: Readonly<Record<string, string>> = {
    "a side effect": 'import "x";',
    "a default": 'import a from "x";',
    "single quotes": "import a from 'x';",
    names: 'import { a, b as c } from "x";',
    "names over lines": 'import {\n  a,\n  type B,\n} from "x";',
    "a namespace": 'import * as a from "x";',
    "a default and names": 'import a, { b } from "x";',
    "a type": 'import type { A } from "x";',
    "re-exported names": 'export { a } from "x";',
    "a re-exported type": 'export type { A } from "x";',
    "all re-exported": 'export * from "x";',
    "a re-exported namespace": 'export * as a from "x";',
    "a dynamic import": 'const a = await import("x");',
    "a type of an import": 'type A = import("x").B;',
    "a required one": 'import a = require("x");',
    "one in a template": "const a = `$" + "{await import('x')}`;",
    "one behind a regular expression": 'const a = /["`/*]/; import "x";',
    "one behind a division": 'const a = b / c; import "x"; const d = e / f;',
  };
  for (const [name, text] of Object.entries(forms)) {
    test(`finds ${name}`, () => assert.deepEqual(specifiers(text), ["x"]));
  }

  test("reports a dynamic import whose name is computed", () => {
    assert.deepEqual(specifiers("await import(name);"), [undefined]);
    assert.deepEqual(specifiers("await import(`x`);"), [undefined]);
  });

  test("takes no import from comments, strings, exports of its own or names", () => {
    const text = [
      '// import "a";',
      '/** import("b") */',
      "const c = 'import \"c\"';",
      `const d = \`import("d") \${"import 'e'"} \`;`,
      'export const from = "f";',
      'export function important(text = "from") {}',
      'this.import("g");',
    ].join("\n");
    assert.deepEqual(specifiers(text), []);
  });

  test("tells the line", () => {
    assert.deepEqual(readSource('/*\n*/\nimport "x";').imports, [{ specifier: "x", line: 3 }]);
  });

  test("blanks comments and strings, and keeps everything else in its place", () => {
    const text = `a /* b */ "c" \`d\${e + \`f\${g}\`}h\`, /i"/ // j\nk`;
    assert.equal(readSource(text).code, `a         " " \` \${e + \` \${g}\`} \`, /  /     \nk`);
  });
});
