export type { Confinement } from "./directory.js";
export { type LocalStorage, type LocalStorageOptions, openLocalStorage } from "./local-storage.js";
