/**
 * LIST of z/OS (MVS): data sets, members of a partitioned data set with or without statistics, load modules, and
 * jobs of JES. A heading says which. Source: IBM z/OS Communications Server: IP User's Guide and Commands, FTP,
 * DIR subcommand and "Interfacing with JES".
 */
import { clockOf, dayOf, timeOf } from "./calendar.js";
import { type LineReader, type ListedLine, sized, timed } from "./line.js";

type Table = "data-sets" | "members" | "modules" | "jobs";

const HEADINGS: readonly (readonly [RegExp, Table])[] = [
  [/^ ?Volume +Unit +Referred +Ext +Used +Recfm +Lrecl +BlkSz +Dsorg +Dsname/i, "data-sets"],
  [/^ ?Name +VV\.MM +Created +Changed +Size +Init +Mod +Id/i, "members"],
  [/^ ?Name +Size +TTR +Alias-of/i, "modules"],
  [/^ ?JOBNAME +JOBID +OWNER +STATUS/i, "jobs"],
];

/** Fields that are looked at: no table has more. */
const MOST_FIELDS = 16;

export function mvsReader(): LineReader {
  let table: Table | undefined;
  return (line) => {
    const heading = HEADINGS.find(([pattern]) => pattern.test(line));
    if (heading !== undefined) {
      table = heading[1];
      return "heading";
    }
    const fields = line.trim().split(/ +/, MOST_FIELDS);
    if (fields[0] === "") return undefined;
    switch (table) {
      case "members":
        return memberOf(line, fields);
      case "modules":
        return moduleOf(line, fields);
      case "jobs":
        return jobOf(line, fields);
      case "data-sets":
        return dataSetOf(line, fields);
      case undefined:
        // Without a heading, only what cannot be anything else.
        return fields.length >= 9
          ? (dataSetOf(line, fields) ?? memberOf(line, fields))
          : shortJobOf(line, fields);
    }
  };
}

const ORGANISATION = /^(?:PS|PS-E|PS-L|PO|PO-E|DA|DAU|IS|ISU|PSU|POU|VS|VSAM|GDG|PATH)$/;

/** Volume, unit, date, extents, tracks, record format, record length, block size, organisation, name. */
function dataSetOf(raw: string, fields: readonly string[]): ListedLine | undefined {
  const name = nameOf(fields.at(-1) ?? "");
  if (name === undefined) return undefined;
  const organisation = fields.at(-2) ?? "";
  const dated = DATE.exec(fields[2] ?? "");
  // Extents and tracks run together when there are many tracks.
  if (fields.length >= 9 && fields.length <= 10 && ORGANISATION.test(organisation)) {
    if (dated === null && fields[2] !== "**NONE**") return undefined;
    return { raw, name, type: typeOf(organisation), ...timed(dateOf(fields[2] ?? ""), "day") };
  }
  // Not on a disk that can be asked, or no plain data set: `VOL001 3390 VSAM NAME`, `Migrated NAME`.
  if (/^(?:Migrated|MIGRAT|ARCIVE|Archived|Tape|VSAM|GDG)$/i.test(fields[0] ?? "") && fields.length === 2) {
    return { raw, name, type: "file" };
  }
  if (fields.length === 4 && organisation === "VSAM") return { raw, name, type: "file" };
  if (/^ ?Pseudo Directory /i.test(raw)) return { raw, name, type: "directory" };
  if (/^ ?(?:User catalog connector|Error determining attributes|Not Direct Access Device) /i.test(raw)) {
    return { raw, name, type: "other" };
  }
  return undefined;
}

/** Name, version, created, changed (date and time), sizes in records, and who did it; or the name alone. */
function memberOf(raw: string, fields: readonly string[]): ListedLine | undefined {
  const name = memberName(fields[0] ?? "");
  if (name === undefined) return undefined;
  if (fields.length === 1) return { raw, name, type: "file" };
  if (fields.length < 8 || !/^\d\d\.\d\d$/.test(fields[1] ?? "")) return undefined;
  const clock = /^(\d\d):(\d\d)(?::(\d\d))?$/.exec(fields[4] ?? "");
  const time =
    clock === null ? undefined : clockOf(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0));
  const modified = timeOf(dateOf(fields[3] ?? ""), time);
  if (modified === undefined) return undefined;
  const owner = fields[8];
  return { raw, name, type: "file", ...timed(modified, "minute"), ...(owner === undefined ? {} : { owner }) };
}

/** Name, size (hexadecimal), place, and what the linkage editor noted. */
function moduleOf(raw: string, fields: readonly string[]): ListedLine | undefined {
  const name = memberName(fields[0] ?? "");
  if (name === undefined) return undefined;
  const size = /^[0-9A-F]{1,8}$/i.test(fields[1] ?? "") ? Number.parseInt(fields[1] ?? "", 16) : undefined;
  return { raw, name, type: "file", ...sized(size) };
}

/** Job name, identifier, owner, status, class. A job is retrieved by its identifier. */
function jobOf(raw: string, fields: readonly string[]): ListedLine | undefined {
  const [, name = "", owner = ""] = fields;
  return fields.length >= 4 && JOB_IDENTIFIER.test(name) ? { raw, name, type: "file", owner } : undefined;
}

/** As JES was listed before JESINTERFACELEVEL 2, without a heading. */
function shortJobOf(raw: string, fields: readonly string[]): ListedLine | undefined {
  const [job = "", name = "", status = ""] = fields;
  const known = JOB_IDENTIFIER.test(name) && /^(?:INPUT|ACTIVE|HELD|OUTPUT)$/.test(status);
  return known && memberName(job) !== undefined ? { raw, name, type: "file" } : undefined;
}

const JOB_IDENTIFIER = /^(?:JOB|TSU|STC|J|T|S)\d{3,7}$/;
const DATE = /^(\d{4})\/(\d\d)\/(\d\d)$/;

function dateOf(text: string): number | undefined {
  const found = DATE.exec(text);
  return found === null ? undefined : dayOf(Number(found[1]), Number(found[2]) - 1, Number(found[3]));
}

function typeOf(organisation: string): ListedLine["type"] {
  return organisation.startsWith("PO") ? "directory" : "file";
}

/** Data sets outside the working prefix are quoted. */
function nameOf(text: string): string | undefined {
  const name = /^'(.+)'$/.exec(text)?.[1] ?? text;
  return /^[A-Z0-9@#$.\-({)}+_]{1,55}$/i.test(name) ? name : undefined;
}

function memberName(text: string): string | undefined {
  return /^[A-Z@#$][A-Z0-9@#${]{0,7}$/i.test(text) ? text : undefined;
}
