import type { LinePicker } from "../line/pick-line.js";
import { lockFolder } from "../process/lock-folder.js";
import { followFiles } from "./follow-files.js";
import { openLineBuffer } from "./line-buffer.js";
import { sendLines } from "./send-lines.js";

export interface AgentOptions {
  /** Glob patterns of the files to follow. */
  readonly files: readonly string[];
  readonly pick: LinePicker;
  /** Where checkpoints and unsent lines are kept. */
  readonly folder: string;
  /** Up to how many bytes of unsent lines are kept; then reading waits. */
  readonly maxBufferBytes: number;
  /** The hub's base URL, without a slash at its end. */
  readonly hub: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  readonly onProblem: (message: string) => void;
}

/** Follows files and sends the lines of failed hops to a hub, until the signal is aborted. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { folder, signal } = options;
  const unlock = lockFolder(folder);
  try {
    const buffer = openLineBuffer(folder);
    try {
      let wake = Promise.withResolvers<void>();
      const onLines = () => {
        wake.resolve();
        wake = Promise.withResolvers<void>();
      };
      signal.addEventListener("abort", onLines);
      const stopped = new AbortController();
      const both = AbortSignal.any([signal, stopped.signal]);
      both.addEventListener("abort", onLines);
      const { files: patterns } = options;
      const parts = [
        followFiles({ ...options, patterns, buffer, signal: both, onLines }),
        sendLines({ ...options, buffer, signal: both, newLines: () => wake.promise }),
      ];
      try {
        await Promise.all(parts);
      } finally {
        // One part has failed or both have ended: neither may use the buffer any more.
        stopped.abort();
        await Promise.allSettled(parts);
      }
    } finally {
      buffer.close();
    }
  } finally {
    unlock();
  }
}
