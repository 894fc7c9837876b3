/** A full code and its parts. */
export interface CodeParts {
  /** `SYSTEM_MODULE_CODE`, or `SYSTEM_CODE` where there is no module. */
  readonly fullCode: string;
  readonly system: string;
  /** May be empty. */
  readonly module: string;
  readonly code: string;
}

const FULL_CODE = /^[A-Z][A-Z0-9]{0,31}_[A-Z0-9_]{1,96}$/;

/** Whether a text may be a full code. */
export function isFullCode(text: string): boolean {
  return FULL_CODE.test(text);
}

/**
 * The parts of a full code. Short codes may hold underscores, so a full code
 * alone does not always say where the module ends: `A_B_C` is read as code C of
 * module B.
 */
export function splitFullCode(fullCode: string): CodeParts {
  const [, system = "", module = "", code = ""] =
    /^([^_]*)_(?:([A-Z][A-Z0-9]{0,31})_)?(.*)$/.exec(fullCode) ?? [];
  return { fullCode, system, module, code };
}

/** Whether a short code is one of those that mean the same in every system. */
export function isBuiltinCode(code: string): boolean {
  return /^[1-9][0-9]?$/.test(code);
}

/** The built-in code that says "a system that this one needs has failed". */
export const DOWNSTREAM = "2";
