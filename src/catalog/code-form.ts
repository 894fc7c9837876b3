/** Whether a text may be a system or a module. */
export function isIdentifier(text: string): boolean {
  return /^[A-Z][A-Z0-9]{0,31}$/.test(text);
}

/** Whether a text may be a short code or a reason. */
export function isShortCode(text: string): boolean {
  return /^[A-Z0-9_]{1,63}$/.test(text);
}

/** Whether a short code is one of those that mean the same in every system, or 0, which is no error. */
export function isBuiltinCode(code: string): boolean {
  return /^[0-9]{1,2}$/.test(code);
}
