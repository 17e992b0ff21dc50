/** `ferry/testing`: for those who write storages and account stores, and for those who test servers. */
export {
  type AccountCapabilities,
  type AccountConformance,
  type AccountSpecification,
  type AccountStoreUnderTest,
  accountConformance,
} from "./account-conformance.js";
export { LeakCheck, type LeakCheckOptions, leakCheck } from "./leak-check.js";
export {
  type ConnectOptions,
  type DataMode,
  type Download,
  RawClient,
  type RawClientOptions,
  type TransferOptions,
} from "./raw-client.js";
export { RawData } from "./raw-data.js";
export {
  reset,
  type Script,
  type ScriptedAnswer,
  ScriptedPeer,
  ScriptedServer,
  type ScriptedTls,
} from "./scripted-server.js";
export {
  DEFAULT_CAPABILITIES,
  type StorageCapabilities,
  type StorageConformance,
  type StorageUnderTest,
  storageConformance,
} from "./storage-conformance.js";
export { RawClientError, type RawClientReason, type Wait } from "./waiting.js";
