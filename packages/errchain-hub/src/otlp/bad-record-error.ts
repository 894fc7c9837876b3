/** A record that can never be stored: sending it again would not help. */
export class BadRecordError extends Error {}
