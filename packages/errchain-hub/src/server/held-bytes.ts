import { UnavailableError } from "../ingest/ingest.js";
import { MAX_REQUEST_BYTES } from "./read-body.js";

/** So many bytes of requests are held at a time; who sends more is told to come again. */
const MAX_HELD_BYTES = 4 * MAX_REQUEST_BYTES;

/** What all requests together hold in memory, whatever port they came to. */
export interface HeldBytes {
  /** Begins to count for a request. */
  hold(): Hold;
}

/** What one request holds. */
export interface Hold {
  /** Throws an UnavailableError if that is too much together with the others. */
  add(bytes: number): void;
  /** The request is done with. */
  release(): void;
}

export function createHeldBytes(): HeldBytes {
  let all = 0;
  return {
    hold() {
      let own = 0;
      return {
        add(bytes) {
          own += bytes;
          all += bytes;
          if (all > MAX_HELD_BYTES) {
            throw new UnavailableError("too many requests at a time", 1, true);
          }
        },
        release() {
          all -= own;
          own = 0;
        },
      };
    },
  };
}
