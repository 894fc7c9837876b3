export {
  defineError,
  type ErrorDefinition,
  type ErrorInit,
  type RaiseOptions,
} from "./catalog/define-error.js";
export {
  type CauseOf,
  type DefinitionSet,
  findCause,
  isError,
  type MatchedCause,
  matchCause,
  type OtherCause,
} from "./catalog/match.js";
export { type NoRetry, type RetryHistory, retryHistory } from "./chain/attempts.js";
export { errorChain } from "./chain/error-chain.js";
export { type FormatOptions, formatErrorChain } from "./chain/format.js";
export { type CodeParts, fullCode } from "./chain/full-code.js";
export { formatLogLine, type LogLine, parseLogLine } from "./chain/log-line.js";
export { rootCause } from "./chain/root-cause.js";
export { type ClientInterceptorOptions, createClientInterceptor } from "./client/interceptor.js";
export type { RetryBudgetOptions } from "./client/retry/budget.js";
export { createRetryInterceptor } from "./client/retry/interceptor.js";
export type { RetryEvent, RetryInterceptorOptions } from "./client/retry/options.js";
export {
  createErrorChainTransport,
  type ErrorChainTransportOptions,
} from "./client/transport.js";
export { openSealed } from "./sealing/open-sealed.js";
export { newSealingKey, type SealingKey, sealingKey } from "./sealing/sealing-key.js";
