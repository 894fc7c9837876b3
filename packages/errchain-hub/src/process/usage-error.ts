/** Something is wrong with what the user gave to the command: one line on stderr, exit code 2. */
export class UsageError extends Error {}
