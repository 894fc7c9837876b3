/** A request is bad for good, and nothing of it can be taken. */
export class BadRequestError extends Error {
  /** Whether it is too large, or makes no sense. */
  readonly isTooLarge: boolean;

  constructor(message: string, isTooLarge = false) {
    super(message);
    this.isTooLarge = isTooLarge;
  }
}
