export type { CauseInit, Classifier } from "../catalog/cause-init.js";
export type { Exposure } from "./expose.js";
export { createServerInterceptor, type ServerInterceptorOptions } from "./interceptor.js";
export type { RelayPolicy } from "./relay.js";
export type { CausePattern, TranslationRule } from "./translate.js";
