import type {
  DescEnum,
  DescEnumValue,
  DescFile,
  DescMessage,
  DescService,
} from "@bufbuild/protobuf";
import { BuiltinErrorSchema } from "../../gen/errchain/v1/builtin_errors_pb.js";
import {
  type Catalog,
  type Component,
  catalog,
  component,
  type ErrorCode,
  error,
} from "../../gen/errchain/v1/catalog_pb.js";
import { readOption } from "../catalog/read-option.js";
import { parseTemplate } from "../catalog/template.js";
import { fullCode } from "../chain/full-code.js";
import { usableMessages } from "./localized.js";
import { commentOf, type Position, positionOf } from "./position.js";
import { retryDelayMs } from "./retry-delay.js";

/** All error codes that a set of proto files declares. */
export interface Codebook {
  readonly catalogs: readonly CodebookCatalog[];
  /** Enums that declare errors, but are no catalog. */
  readonly strays: readonly { readonly desc: DescEnum; readonly position: Position }[];
  /** The services that say which system they are. */
  readonly services: readonly CodebookService[];
}

/** An enum with the option `(errchain.v1.catalog)`. */
export interface CodebookCatalog {
  readonly desc: DescEnum;
  readonly system: string;
  /** May be empty. */
  readonly module: string;
  /** May be empty. */
  readonly owner: string;
  /** The language of the messages; empty for the default, English. */
  readonly locale: string;
  readonly position: Position;
  /** The enum's values in the order of the file; those with the number 0 that declare nothing are left out. */
  readonly codes: readonly CodebookCode[];
}

/** A service with the option `(errchain.v1.component)`. */
export interface CodebookService {
  readonly desc: DescService;
  readonly component: Component;
  readonly position: Position;
}

/** A value of a catalog. */
export interface CodebookCode {
  readonly desc: DescEnumValue;
  readonly catalog: CodebookCatalog;
  readonly code: string;
  readonly fullCode: string;
  /** The value's name without the enum's prefix, in UPPER_SNAKE_CASE. */
  readonly reason: string;
  /** Undefined where the value does not say what it means. */
  readonly declared: ErrorCode | undefined;
  /** The safe args: the placeholders of the message, each once. */
  readonly args: readonly string[];
  /** The messages in other languages that callers can get, by locale. */
  readonly localized: ReadonlyMap<string, string>;
  /** The least time before the next attempt. Undefined where there is none. */
  readonly retryDelayMs: number | undefined;
  /** The comment in the proto file; may be empty. */
  readonly comment: string;
  readonly position: Position;
}

/** Reads what proto files declare, in the order in which they are given. Never throws. */
export function readCodebook(files: Iterable<DescFile>): Codebook {
  const catalogs: CodebookCatalog[] = [];
  const strays: { desc: DescEnum; position: Position }[] = [];
  const services: CodebookService[] = [];
  for (const file of files) {
    for (const desc of enumsOf(file)) {
      if (desc.typeName === BuiltinErrorSchema.typeName) {
        continue; // these codes belong to every system
      }
      const options = readOption(desc, catalog);
      if (options !== undefined) {
        catalogs.push(readCatalog(desc, options));
      } else if (desc.values.some((value) => readOption(value, error) !== undefined)) {
        strays.push({ desc, position: positionOf(desc) });
      }
    }
    for (const desc of file.services) {
      const options = readOption(desc, component);
      if (options !== undefined) {
        services.push({ desc, component: options, position: positionOf(desc) });
      }
    }
  }
  return { catalogs, strays, services };
}

function* enumsOf(desc: DescFile | DescMessage): Iterable<DescEnum> {
  yield* desc.kind === "file" ? desc.enums : desc.nestedEnums;
  for (const message of desc.kind === "file" ? desc.messages : desc.nestedMessages) {
    yield* enumsOf(message);
  }
}

function readCatalog(desc: DescEnum, options: Catalog): CodebookCatalog {
  const { system, module, owner, locale } = options;
  const codes: CodebookCode[] = [];
  const result = { desc, system, module, owner, locale, position: positionOf(desc), codes };
  for (const value of desc.values) {
    const declared = readOption(value, error);
    if (value.number === 0 && declared === undefined) {
      continue; // the zero value that every proto3 enum must have
    }
    const code = String(value.number);
    const args = parseTemplate(declared?.message ?? "").names;
    codes.push({
      desc: value,
      catalog: result,
      code,
      fullCode: fullCode({ system, module, code }),
      reason: reasonOf(value),
      declared,
      args,
      localized: usableMessages(declared?.localized ?? [], args),
      retryDelayMs: retryDelayMs(declared?.retryDelay),
      comment: commentOf(value),
      position: positionOf(value),
    });
  }
  return result;
}

/** `ROUTE_ERROR_NOT_FOUND`, `RouteErrorNotFound` and `notFound` in `RouteError` are `NOT_FOUND`. */
function reasonOf({ name, parent }: DescEnumValue): string {
  const upper = upperSnakeCase(name);
  const prefix = `${upperSnakeCase(parent.name)}_`;
  return upper.startsWith(prefix) && upper.length > prefix.length
    ? upper.slice(prefix.length)
    : upper;
}

/**
 * `RouteError` as `ROUTE_ERROR`; `PLAN_B_ERROR` and `K8S_ERROR`, as buf's rule
 * ENUM_VALUE_PREFIX has them. What is so already stays so.
 */
function upperSnakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])|(?<!^|_)(?=[A-Z][a-z])/g, "_").toUpperCase();
}
