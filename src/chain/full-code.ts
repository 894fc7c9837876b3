/** What identifies an error code: the parts that the full code is made of. */
export interface CodeParts {
  readonly system: string;
  /** May be empty. */
  readonly module: string;
  readonly code: string;
}

/**
 * The full code of a cause, the form that people quote:
 * `SYSTEM_MODULE_CODE`, or `SYSTEM_CODE` where there is no module.
 */
export function fullCode({ system, module, code }: CodeParts): string {
  return module === "" ? `${system}_${code}` : `${system}_${module}_${code}`;
}
