/** Indexes, and what MongoDB itself checks of an account, so that no other program can write nonsense. */
import type { Document } from "mongodb";
import { PERMISSIONS } from "../accounts.js";
import { CERTIFICATE_USES, MAX_CERTIFICATES } from "../certificates.js";
import { MAX_ACCOUNT_NAME } from "../name.js";
import { MAX_COMMENT, MAX_NETWORKS } from "../record.js";
import { COLLECTIONS, type Database } from "./database.js";
import { isRefused, isUnsupported } from "./errors.js";

const NAMES: Document = {
  anyOf: [{ enum: ["all", "read-only"] }, { bsonType: "array", items: { enum: [...PERMISSIONS] } }],
};
const COUNT: Document = { bsonType: ["int", "long", "double"], minimum: 1 };
const FOLDER: Document = { bsonType: "string", pattern: "^/" };
const HASH: Document = { bsonType: "string", pattern: "^\\$" };

/** The $jsonSchema of the collection of accounts. */
export const ACCOUNT_SCHEMA: Document = {
  bsonType: "object",
  required: [
    "name",
    "password",
    "home",
    "permissions",
    "limits",
    "disabled",
    "created",
    "changed",
    "revision",
  ],
  additionalProperties: false,
  properties: {
    _id: {},
    revision: { bsonType: ["int", "long", "double"], minimum: 0 },
    name: { bsonType: "string", minLength: 1, maxLength: MAX_ACCOUNT_NAME },
    password: HASH,
    home: FOLDER,
    mounts: {
      bsonType: "array",
      items: {
        bsonType: "object",
        required: ["name", "home"],
        additionalProperties: false,
        properties: { name: { bsonType: "string", minLength: 1 }, home: FOLDER },
      },
    },
    permissions: {
      anyOf: [
        ...(NAMES.anyOf as Document[]),
        {
          bsonType: "array",
          items: {
            bsonType: "object",
            required: ["directory", "permissions"],
            additionalProperties: false,
            properties: { directory: FOLDER, permissions: NAMES },
          },
        },
      ],
    },
    limits: {
      bsonType: "object",
      additionalProperties: false,
      properties: { sessions: COUNT, uploadRate: COUNT, downloadRate: COUNT, idleTimeout: COUNT },
    },
    quota: {
      bsonType: "object",
      additionalProperties: false,
      properties: { bytes: COUNT, files: COUNT, bytesPerMonth: COUNT },
    },
    networks: { bsonType: "array", maxItems: MAX_NETWORKS, items: { bsonType: "string" } },
    requireTls: { enum: ["login", "data"] },
    certificates: {
      bsonType: "array",
      maxItems: MAX_CERTIFICATES,
      items: { bsonType: "string", pattern: "^(common-name|[0-9A-Fa-f:]{64,95})$" },
    },
    certificateUse: { enum: [...CERTIFICATE_USES] },
    accountPassword: HASH,
    expires: { bsonType: "date" },
    disabled: { bsonType: "bool" },
    comment: { bsonType: "string", maxLength: MAX_COMMENT },
    created: { bsonType: "date" },
    changed: { bsonType: "date" },
  },
};

/** Safe to do again. Where the server has no validators, our own check at reading and writing remains. */
export async function makeCollections(database: Database): Promise<void> {
  const { accounts, sessions, state } = database;
  await accounts.createIndex({ name: 1 }, { unique: true });
  await sessions.createIndex({ key: 1 }, { unique: true });
  await sessions.createIndex({ account: 1 });
  await sessions.createIndex({ node: 1 });
  // Only locks have the field.
  await state.createIndex({ lock: 1 }, { unique: true, sparse: true });
  try {
    await database.db.command({
      collMod: COLLECTIONS.accounts,
      validator: { $jsonSchema: ACCOUNT_SCHEMA },
      validationLevel: "strict",
      validationAction: "error",
    });
  } catch (error) {
    if (isRefused(error)) {
      database.log(
        "accounts are checked by Ferry alone: for MongoDB to do it too, its user needs the role dbAdmin",
      );
    } else if (isUnsupported(error) || isUnknownOption(error)) {
      database.log(`${database.features.name} has no validators: accounts are checked by Ferry alone`);
    } else throw error;
  }
}

/** FerretDB 1 does not know the field. */
function isUnknownOption(error: unknown): boolean {
  return error instanceof Error && "code" in error && [9, 40_415, 2, 303].includes(Number(error.code));
}
