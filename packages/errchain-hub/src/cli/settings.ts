import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "../process/usage-error.js";

// A setting comes from the command line, else from the environment variable
// ERRCHAIN_HUB_NAME, else from the config file, else it has its default. One that is
// empty is none: a script may have looked for a variable that is not there.

/** A setting as the user gives it. */
export interface Setting {
  readonly type: "string" | "boolean";
  /** May be given several times; in the environment, separated by commas. */
  readonly multiple?: boolean;
}

/** The settings of all commands: one config file serves every command of a deployment. */
const SETTINGS = {
  data: { type: "string" },
  host: { type: "string" },
  port: { type: "string" },
  "grpc-port": { type: "string" },
  token: { type: "string" },
  "no-auth": { type: "boolean" },
  file: { type: "string", multiple: true },
  pattern: { type: "string" },
  catalog: { type: "string", multiple: true },
  "retention-days": { type: "string" },
  "retention-bytes": { type: "string" },
  "count-days": { type: "string" },
  hub: { type: "string" },
  state: { type: "string" },
  buffer: { type: "string" },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof SETTINGS;

type Value<S extends Setting> = S["type"] extends "boolean"
  ? boolean
  : S["multiple"] extends true
    ? readonly string[]
    : string;

/** What was given; a setting that was not is undefined. */
export type Given<N extends SettingName> = {
  readonly [K in N]: Value<(typeof SETTINGS)[K]> | undefined;
};

export interface ReadSettings<N extends SettingName> {
  readonly values: Given<N>;
  readonly positionals: readonly string[];
  readonly help: boolean;
}

/** Reads the settings of a command. Throws a UsageError that says what is wrong and where. */
export function readSettings<N extends SettingName>(
  args: readonly string[],
  names: readonly N[],
  env: NodeJS.ProcessEnv = process.env,
): ReadSettings<N> {
  const options: ParseArgsConfig["options"] = {
    config: { type: "string" },
    help: { type: "boolean", short: "h" },
  };
  for (const name of names) {
    const { type, multiple = false }: Setting = SETTINGS[name];
    options[name] = { type, multiple };
  }
  const { values: flags, positionals } = parse(args, options);
  const configFile = given(flags["config"]) ?? given(env["ERRCHAIN_HUB_CONFIG"]);
  const config = typeof configFile === "string" ? readConfig(configFile) : {};
  const values: Record<string, unknown> = {};
  for (const name of names) {
    values[name] =
      given(flags[name]) ??
      given(fromEnvironment(name, SETTINGS[name], env)) ??
      given(config[name]);
  }
  return { values: values as Given<N>, positionals, help: flags["help"] === true };
}

/** What is left of a value without empty texts; undefined for nothing. */
function given(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.filter((item) => item !== "");
    return items.length > 0 ? items : undefined;
  }
  return value === "" ? undefined : value;
}

function parse(args: readonly string[], options: NonNullable<ParseArgsConfig["options"]>) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (err) {
    throw err instanceof TypeError ? new UsageError(err.message.split(". ")[0]) : err;
  }
}

function fromEnvironment(name: string, setting: Setting, env: NodeJS.ProcessEnv): unknown {
  const variable = `ERRCHAIN_HUB_${name.toUpperCase().replaceAll("-", "_")}`;
  const text = env[variable];
  if (text === undefined || text === "") {
    return undefined;
  }
  if (setting.type === "boolean") {
    if (!["true", "false", "1", "0"].includes(text)) {
      throw new UsageError(`the environment variable ${variable} must be true or false`);
    }
    return text === "true" || text === "1";
  }
  return setting.multiple ? text.split(",").map((part) => part.trim()) : text;
}

function readConfig(file: string): Record<string, unknown> {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, "utf8"));
  } catch (err) {
    throw new UsageError(`cannot read the config file ${file}: ${(err as Error).message}`);
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new UsageError(`the config file ${file} must hold a JSON object`);
  }
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => {
      if (!Object.hasOwn(SETTINGS, name)) {
        const known = Object.keys(SETTINGS).join(", ");
        throw new UsageError(`the config file ${file} has "${name}"; there are: ${known}`);
      }
      return [
        name,
        fromConfig(value, SETTINGS[name as SettingName], `"${name}" in the config file ${file}`),
      ];
    }),
  );
}

function fromConfig(value: unknown, { type, multiple }: Setting, where: string): unknown {
  if (multiple) {
    const list = typeof value === "string" ? [value] : value;
    if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) {
      throw new UsageError(`${where} must be a string or an array of strings`);
    }
    return list;
  }
  const isFitting = type === "boolean" ? typeof value === "boolean" : isText(value);
  if (!isFitting) {
    throw new UsageError(`${where} must be ${type === "boolean" ? "true or false" : "a string"}`);
  }
  return type === "boolean" ? value : String(value);
}

/** A number in the config file is as good as its text. */
function isText(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number";
}

/** Where data is kept unless the user says otherwise. */
export function defaultFolder(name: string): string {
  const base = process.env["XDG_DATA_HOME"] || join(homedir(), ".local", "share");
  return join(base, name);
}

/** A setting that is a whole number. Throws a UsageError. */
export function readNumber(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) {
    return fallback;
  }
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0 || text.trim() === "") {
    throw new UsageError(`--${name} must be a whole number, not ${JSON.stringify(text)}`);
  }
  return number;
}

const UNITS: Record<string, number> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** A setting that is a number of bytes: 500000, 64M, 10G. Throws a UsageError. */
export function readBytes(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) {
    return fallback;
  }
  const [, number, unit = ""] = /^(\d+)([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  if (number === undefined || factor === undefined) {
    throw new UsageError(
      `--${name} must be a size such as 500M or 10G, not ${JSON.stringify(text)}`,
    );
  }
  return Number(number) * factor;
}
