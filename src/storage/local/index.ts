export type { Confinement } from "./directory.js";
export { LocalStorage, type LocalStorageOptions, openLocalStorage } from "./local-storage.js";
