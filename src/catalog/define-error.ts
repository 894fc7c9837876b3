import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { Code, ConnectError } from "@connectrpc/connect";
import {
  Provenance,
  RetryAdvice,
  RetrySchema,
  Status,
  Visibility,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { fullCode } from "../chain/full-code.js";
import { newCause } from "../chain/new-cause.js";
import { textOf } from "../chain/thrown.js";
import { isBuiltinCode, isIdentifier, isShortCode } from "./code-form.js";
import { addLocalized, localizedProblem } from "./localized.js";
import { raise } from "./raised.js";
import { LONGEST_DELAY_MS } from "./retry-delay.js";
import { type Placeholders, parseTemplate } from "./template.js";

/** What an error code means. The counterpart of `(errchain.v1.error)` in a proto catalog. */
export interface ErrorInit<
  Template extends string = string,
  PrivateArg extends string = string,
  System extends string = string,
  Module extends string = string,
  ShortCode extends string | number = string | number,
> {
  /** Which system raises the error: `"ROUTE"`. Form: `[A-Z][A-Z0-9]{0,31}`. */
  readonly system: System;
  /** Which part of it: `"DISPATCH"`. Form as `system`. Default: none. */
  readonly module?: Module;
  /** The stable short code: `"20003"`. Form: `[A-Z0-9_]{1,63}`; the numbers 1 to 99 are built in. */
  readonly code: ShortCode;
  /** The code's name: `"RANGE_NOT_CONFIGURED"`. Form: as `code`. */
  readonly reason: string;
  /** The RPC status to answer with, from either enum or by name: `"FAILED_PRECONDITION"`. */
  readonly status: Code | Status | keyof typeof Status;
  /**
   * One plain sentence for a person who knows neither the code nor the service.
   * `{name}` stands for an arg; `{{` and `}}` for braces.
   */
  readonly message: Template;
  /** The language of `message`, as a BCP 47 tag. Default: `"en"`. */
  readonly locale?: string;
  /**
   * The message in other languages, by BCP 47 tag: `{ "zh-CN": "…{name}…" }`. Server
   * interceptors choose by the request's `accept-language`; `zh` and `zh-Hans-CN` find
   * `zh-CN` too. Default: none.
   */
  readonly localized?: Readonly<Record<string, string>>;
  /** Who may read the message. Default: `"INTERNAL"`. */
  readonly visibility?: Visibility | keyof typeof Visibility;
  /** Whether the same call can succeed later. Default: the caller's policy decides. */
  readonly retry?: RetryAdvice | keyof typeof RetryAdvice;
  /** The least time to wait before the next attempt. Default: the caller's policy decides. */
  readonly retryDelayMs?: number;
  /**
   * Names of values that help engineers and must not leave the company. Default:
   * any name is accepted, no value is required.
   */
  readonly privateArgs?: readonly PrivateArg[];
  /** A link to what to do about it. Default: none. */
  readonly help?: string;
}

/** What a raised error carries besides its args. */
export interface RaiseOptions<PrivateArg extends string = string> {
  /**
   * What this error follows from: any thrown value; an array for a fan-out. The
   * chains found there are put behind this error. Default: nothing, this error
   * is the root cause.
   */
  readonly cause?: unknown;
  /** Values for engineers, which never stand in the message. Default: none. */
  readonly privateArgs?: [PrivateArg] extends [never]
    ? Record<string, never>
    : Readonly<Partial<Record<PrivateArg, string>>>;
}

/** Values for the args: numbers are written as JavaScript writes them. */
type ArgValues<Args> = { readonly [Name in keyof Args]: string | number | bigint };

type RaiseParameters<Args, PrivateArg extends string> = keyof Args extends never
  ? [args?: Record<string, never>, options?: RaiseOptions<PrivateArg>]
  : [args: ArgValues<Args>, options?: RaiseOptions<PrivateArg>];

/**
 * One error code. Call it to get the error to throw:
 *
 *     throw rangeNotConfigured({ address, product }, { cause: err });
 *
 * The result is a plain ConnectError with an ErrorChain as its detail. A
 * definition without args is called with empty ones: `timedOut({}, { cause: err })`.
 * Never throws itself: a missing arg leaves its placeholder in the message.
 *
 * Without type arguments it is the type of any definition.
 */
export interface ErrorDefinition<
  Args = never,
  PrivateArg extends string = string,
  FullCode extends string = string,
> {
  (...parameters: RaiseParameters<Args, PrivateArg>): ConnectError;
  readonly system: string;
  /** Empty where the system has no modules. */
  readonly module: string;
  readonly code: string;
  readonly reason: string;
  /** `SYSTEM_MODULE_CODE`, or `SYSTEM_CODE` where there is no module. */
  readonly fullCode: FullCode;
  readonly status: Code;
  readonly visibility: Visibility;
  readonly retry: RetryAdvice;
  /** Empty where there is none. */
  readonly help: string;
}

/**
 * Defines an error code by hand. Where a proto catalog exists, generate the
 * definitions from it instead.
 *
 * Throws a TypeError where the definition is wrong (a malformed code, an unknown
 * status, an empty message, a private arg in the message), so that the mistake
 * shows at start-up and not in the middle of another failure.
 */
export function defineError<
  const Template extends string,
  const System extends string,
  const ShortCode extends string | number,
  const Module extends string = "",
  const PrivateArg extends string = string,
>(
  init: ErrorInit<Template, PrivateArg, System, Module, ShortCode>,
): ErrorDefinition<
  { readonly [Name in Placeholders<Template>]: string },
  PrivateArg,
  Module extends "" ? `${System}_${ShortCode}` : `${System}_${Module}_${ShortCode}`
> {
  const { system, module = "", reason, help = "", retryDelayMs = 0 } = init;
  const code = String(init.code);
  const properties = {
    system,
    module,
    code,
    reason,
    fullCode: fullCode({ system, module, code }),
    status: enumNumber(Status, init.status),
    visibility: enumNumber(Visibility, init.visibility ?? "INTERNAL"),
    retry: enumNumber(RetryAdvice, init.retry ?? "UNSPECIFIED"),
    help,
  };
  const template = parseTemplate(String(init.message ?? ""));
  const problem = findProblem(init, properties, template.names);
  if (problem !== undefined) {
    throw new TypeError(`error definition ${properties.fullCode}: ${problem}`);
  }
  addLocalized(properties.fullCode, init.locale ?? "en", init.localized ?? {});
  const { retry: advice, status, visibility } = properties;
  const delay = retryDelayMs > 0 ? durationFromMs(Math.ceil(retryDelayMs)) : undefined;
  const saysRetry = advice !== RetryAdvice.UNSPECIFIED || delay !== undefined;
  const retry = saysRetry ? create(RetrySchema, { advice, ...(delay && { delay }) }) : undefined;

  function raiseError(
    args?: Readonly<Record<string, unknown>>,
    options?: RaiseOptions,
  ): ConnectError {
    const values = textValues(args, template.names);
    const privateArgs = options?.privateArgs;
    const own = newCause({
      system,
      module,
      code,
      reason,
      message: template.render(values),
      args: values,
      privateArgs: privateArgs && textValues(privateArgs, Object.keys(privateArgs)),
      provenance: Provenance.RAISED,
      visibility,
      status,
      retry: retry && { ...retry },
      help,
    });
    return raise(own, options?.cause);
  }
  return Object.assign(raiseError, properties) as never;
}

/** The first thing that is wrong with a definition, as the end of a sentence. */
function findProblem(
  init: ErrorInit,
  definition: { module: string; code: string; status: Status; visibility: Visibility },
  placeholders: readonly string[],
): string | undefined {
  const { module, code, status, visibility } = definition;
  const { system, reason, message, retry, retryDelayMs = 0, privateArgs = [] } = init;
  if (!isIdentifier(system)) {
    return `system ${JSON.stringify(system)} must have the form [A-Z][A-Z0-9]{0,31}`;
  }
  if (module !== "" && !isIdentifier(module)) {
    return `module ${JSON.stringify(module)} must be empty or have the form [A-Z][A-Z0-9]{0,31}`;
  }
  if (!isShortCode(code)) {
    return `code ${JSON.stringify(code)} must have the form [A-Z0-9_]{1,63}`;
  }
  if (isBuiltinCode(code)) {
    return "the codes 0 to 99 are built in, take another number";
  }
  if (!isShortCode(reason)) {
    return `reason ${JSON.stringify(reason)} must have the form [A-Z0-9_]{1,63}`;
  }
  if (status === Status.UNSPECIFIED) {
    return `status ${JSON.stringify(init.status)} is not the status of a failed RPC`;
  }
  if (visibility === Visibility.UNSPECIFIED) {
    return `visibility ${JSON.stringify(init.visibility)} must be INTERNAL, PARTNER or PUBLIC`;
  }
  if (retry !== undefined && enumNumber(RetryAdvice, retry) === RetryAdvice.UNSPECIFIED) {
    return `retry ${JSON.stringify(retry)} must be RETRY or DO_NOT_RETRY`;
  }
  if (!(retryDelayMs >= 0 && retryDelayMs <= LONGEST_DELAY_MS)) {
    return `retryDelayMs ${retryDelayMs} must be 0 or a positive number of milliseconds, at most ${LONGEST_DELAY_MS}`;
  }
  if (typeof message !== "string" || message === "") {
    return "message must be a sentence";
  }
  if (!Array.isArray(privateArgs)) {
    return "privateArgs must be an array of names";
  }
  const secret = placeholders.find((name) => privateArgs.includes(name));
  if (secret !== undefined) {
    return `the private arg {${secret}} must not stand in the message`;
  }
  return localizedProblem(init.localized ?? {}, placeholders);
}

/** The number of an enum value that may be given by name; 0 if there is no such value. */
function enumNumber<E extends Record<string, string | number>>(
  enumObject: E,
  value: string | number,
): Extract<E[keyof E], number> {
  const number = typeof value === "number" && value in enumObject ? value : enumObject[value];
  return (typeof number === "number" ? number : 0) as Extract<E[keyof E], number>;
}

/** The named values as well-formed text. Values that are missing are left out. */
function textValues(
  values: Readonly<Record<string, unknown>> | undefined,
  names: readonly string[],
): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name of names) {
    const value = values?.[name];
    const isMissing = value === INHERITED[name]; // also an arg named "constructor"
    if (!isMissing && value !== undefined && value !== null) {
      texts[name] = textOf(value).toWellFormed();
    }
  }
  return texts;
}

/** What every object has. */
const INHERITED = Object.prototype as unknown as Readonly<Record<string, unknown>>;
