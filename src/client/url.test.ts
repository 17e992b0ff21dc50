import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeText } from "../protocol/text.js";
import { FtpArgumentError } from "./errors.js";
import { type FtpUrl, formatFtpUrl, parseFtpUrl } from "./url.js";

describe("a URL", () => {
  test("names the host, the login and a path that is seen from the login directory", () => {
    const cases: [string, Partial<FtpUrl>][] = [
      ["ftp://h", { path: "", folder: true }],
      ["ftp://h/", { path: "", folder: true }],
      ["FTP://h/pub/a.txt", { path: "pub/a.txt", folder: false }],
      ["ftp://h/pub/", { path: "pub", folder: true }],
      ["ftp://h/pub///", { path: "pub", folder: true }],
      ["ftp://h//etc/motd", { path: "/etc/motd", folder: false }],
      ["ftp://h/%2Fetc/motd", { path: "/etc/motd", folder: false }],
      ["ftp://h/%2fetc%2Fmotd", { path: "/etc/motd", folder: false }],
      ["ftp://h//", { path: "/", folder: true }],
      ["ftp://h/%2F", { path: "/", folder: true }],
      ["ftp://h/a%20b c#1?2", { path: "a b c#1?2", folder: false }],
      ["ftp://h/%E9t%C3%A9", { path: "\udce9té", folder: false }],
      ["ftp://h/a;type=A", { path: "a", folder: false, type: "a" }],
      ["ftp://h/a/;type=d", { path: "a", folder: true, type: "d" }],
      ["ftp://h/a%3Btype=a", { path: "a;type=a", folder: false }],
      ["ftp://h/a;v=1", { path: "a;v=1", folder: false }],
      ["ftps://h:990/x", { scheme: "ftps", port: 990, path: "x", folder: false }],
      ["ftpes://h:/x", { scheme: "ftpes", path: "x", folder: false }],
      ["ftp://anna@h/x", { user: "anna", path: "x", folder: false }],
      ["ftp://anna:@h/x", { user: "anna", password: "", path: "x", folder: false }],
      ["ftp://an%40na:p%3A%2F:w@h/x", { user: "an@na", password: "p:/:w", path: "x", folder: false }],
      ["ftp://anna:p@ss@h/x", { user: "anna", password: "p@ss", path: "x", folder: false }],
      ["ftp://@h/x", { path: "x", folder: false }],
      ["ftp://[::1]:2121/x", { host: "::1", port: 2121, path: "x", folder: false }],
      ["ftp://[fe80::1%25eth0]/x", { host: "fe80::1%eth0", path: "x", folder: false }],
      ["ftp://bücher.example/x", { host: "xn--bcher-kva.example", path: "x", folder: false }],
    ];
    for (const [text, expected] of cases) {
      assert.deepEqual(parseFtpUrl(text), { scheme: "ftp", host: "h", ...expected }, text);
    }
  });

  test("that cannot be right is refused, without being repeated: it may hold a password", () => {
    const cases: [string, RegExp][] = [
      ["", /expected ftp:/],
      ["hunter2", /expected ftp:/],
      ["sftp://anna:hunter2@h/", /SSH/],
      ["http://anna:hunter2@h/", /ftpes:/],
      ["ftp:///x", /no host/],
      ["ftp://anna:hunter2@", /no host/],
      ["ftp://anna:hunter2@h:0/", /port/],
      ["ftp://anna:hunter2@h:65536/", /port/],
      ["ftp://anna:hunt/er2@h/", /%2F/],
      ["ftp://anna:hunter2@h h/", /no name or address/],
      ["ftp://anna:hunter2@[::x]/", /IPv6/],
      ["ftp://anna:hunter2@[::1]x/", /IPv6/],
      ["ftp://:hunter2@h/", /no user/],
      ["ftp://anna:hunter2%@h/", /%25/],
      ["ftp://h/100%", /%25/],
      ["ftp://h/a%0Db", /line end/],
      ["ftp://h/a\nb", /line end/],
      ["ftp://h/a%00", /NUL/],
      ["ftp://h/x;type=q", /a, i or d/],
    ];
    for (const [text, expected] of cases) {
      assert.throws(
        () => parseFtpUrl(text),
        (error) => {
          assert(error instanceof FtpArgumentError, text);
          assert.match(error.message, expected, text);
          assert.doesNotMatch(error.message, /hunter2/);
          return true;
        },
      );
    }
  });

  test("of any text is read, or refused with FtpArgumentError and nothing else", () => {
    const anything = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }).map((text) => `ftp://${text}`),
      fc.string({ unit: fc.constantFrom(..."ab/:@[]%2F;type=#?\\\u00fc\udce9\0") }).map((t) => `ftp://h${t}`),
      fc.string({ unit: fc.constantFrom(..."a1/:@[]%25.-\u00fc\ud800") }).map((t) => `ftps://${t}`),
    );
    fc.assert(
      fc.property(anything, (text) => {
        let url: FtpUrl;
        try {
          url = parseFtpUrl(text);
        } catch (error) {
          assert(error instanceof FtpArgumentError);
          return;
        }
        assert.deepEqual(parseFtpUrl(formatFtpUrl(url)), url);
      }),
      { numRuns: 2000 },
    );
  });

  test("keeps every byte that a name can have", () => {
    const name = fc
      .uint8Array({ minLength: 1 })
      .map(decodeText)
      .filter((text) => !/[\0\r\n]/.test(text));
    fc.assert(
      fc.property(name, name, name, (user, password, path) => {
        const trimmed = path.replace(/^\/+/, "/").replace(/(?<=[^/])\/+$/, "");
        const url: FtpUrl = {
          scheme: "ftp",
          host: "h",
          user,
          password,
          path: trimmed,
          folder: trimmed === "/",
        };
        const text = formatFtpUrl(url);
        assert.deepEqual(parseFtpUrl(text), url);
        assert.match(text, /^[\x21-\x7e]+$/);
        assert.doesNotMatch(text.slice(6), /[*?[\]{}\\"<>`]/);
      }),
    );
  });
});
