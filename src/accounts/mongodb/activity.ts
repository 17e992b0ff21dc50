/** What happens with one account, for `ferry user show`. */
import type { ObjectId } from "mongodb";
import type { AccountActivity } from "../directory.js";
import type { Database } from "./database.js";

/** The last login only where logins are recorded (see audit.ts), and only as far back as they are kept. */
export async function activityOf(database: Database, id: ObjectId, name: string): Promise<AccountActivity> {
  const { logins, sessions, nodes, usage } = database;
  const last = await database.run("reading logins", () =>
    logins
      .find({ name: { $eq: name }, ok: true })
      .sort({ at: -1 })
      .limit(1)
      .next(),
  );
  const alive = await database.run("reading the nodes", () => nodes.find().toArray());
  const living = new Set(
    alive.filter(({ expires }) => expires.getTime() > database.now()).map(({ _id }) => _id),
  );
  const open = await database.run("counting sessions", () => sessions.find({ account: id }).toArray());
  const stored = await database.run("reading what is stored", () => usage.findOne({ _id: id }));
  return {
    ...(last !== null && { lastLogin: { at: last.at, peer: last.peer } }),
    sessions: open.filter(({ node }) => living.has(node)).length,
    ...(stored !== null && {
      stored: { bytes: stored.bytes, files: stored.files },
      uploaded: { month: stored.month, bytes: stored.monthBytes },
    }),
  };
}
