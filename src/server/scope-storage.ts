import { AsyncLocalStorage } from "node:async_hooks";
import { type RequestScope, setScopeStore } from "../scope/request-scope.js";

let storage: AsyncLocalStorage<RequestScope> | undefined;

/** Where the scope of a request is kept while it is handled. Clients find it there too. */
export function scopeStorage(): AsyncLocalStorage<RequestScope> {
  if (storage === undefined) {
    storage = new AsyncLocalStorage();
    setScopeStore(storage);
  }
  return storage;
}
