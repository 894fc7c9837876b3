import { glob, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LinePicker } from "../line/pick-line.js";
import { type FollowedFile, followFile } from "./followed-file.js";
import type { Checkpoint, LineBuffer } from "./line-buffer.js";

export interface FollowFilesOptions {
  /** Glob patterns: `logs/*.log`. */
  readonly patterns: readonly string[];
  readonly pick: LinePicker;
  readonly buffer: LineBuffer;
  /** Reading stops when this much waits for the hub. The files keep the rest. */
  readonly maxBufferBytes: number;
  readonly signal: AbortSignal;
  readonly onProblem: (message: string) => void;
  /** Is told when lines were put into the buffer. */
  readonly onLines: () => void;
}

const POLL_MS = 100;
const SEARCH_MS = 1_000;

/**
 * Follows all files that match, through rotation, truncation, renames and
 * restarts, until the signal is aborted. Polls: that works on every file system,
 * and nothing can be missed.
 */
export async function followFiles(options: FollowFilesOptions): Promise<void> {
  const { buffer, maxBufferBytes, signal, onProblem, onLines } = options;
  const files = new Map<string, FollowedFile>();
  const checkpoints = new Map(buffer.checkpoints().map((point) => [keyOf(point), point]));
  const problems = new Set<string>();
  let searchAt = 0;
  let isFirst = true;

  const attempt = async <T>(path: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      const result = await work();
      problems.delete(path);
      return result;
    } catch (err) {
      // A file may go at any moment; everything else is said once.
      if ((err as NodeJS.ErrnoException).code !== "ENOENT" && !problems.has(path)) {
        problems.add(path);
        onProblem(`cannot read ${path}: ${(err as Error).message}`);
      }
      return undefined;
    }
  };

  async function openNew(): Promise<void> {
    const paths = await matching(options.patterns);
    if (isFirst) {
      paths.push(...(await rotatedMeanwhile(checkpoints, paths)));
    }
    for (const path of new Set(paths)) {
      await attempt(path, async () => {
        const found = await stat(path);
        const key = keyOf({ device: found.dev, inode: found.ino });
        if (!found.isFile() || files.has(key)) return;
        const file = await followFile(path, { ...options, checkpoint: checkpoints.get(key) });
        files.set(keyOf(file), file);
      });
    }
    if (isFirst && paths.length === 0) {
      onProblem(`no file matches ${options.patterns.join(", ")} yet`);
    }
    isFirst = false;
  }

  try {
    while (!signal.aborted) {
      // A clock that nobody sets.
      if (performance.now() >= searchAt) {
        await attempt("the folders", openNew);
        searchAt = performance.now() + SEARCH_MS;
      }
      let isBehind = false;
      for (const [key, file] of files) {
        if (signal.aborted || buffer.bytes > maxBufferBytes) break;
        isBehind = (await attempt(file.path, () => file.read())) === true || isBehind;
        if (await attempt(file.path, () => file.isFinished())) {
          files.delete(key);
          checkpoints.set(key, file.checkpoint);
          await attempt(file.path, () => file.close());
        }
      }
      onLines();
      if (!isBehind) {
        await pause(POLL_MS, signal);
      }
    }
  } finally {
    await Promise.allSettled([...files.values()].map((file) => file.close()));
  }
}

function keyOf({ device, inode }: { device: number; inode: number }): string {
  return `${device}:${inode}`;
}

/** Rotation compresses what was read before. */
const COMPRESSED = /\.(gz|bz2|xz|zst)$/;

async function matching(patterns: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const pattern of patterns) {
    for await (const path of glob(pattern)) {
      if (!COMPRESSED.test(path)) {
        paths.push(path);
      }
    }
  }
  return paths.sort();
}

/**
 * Files that were followed before, and have another name now: rotated while no
 * agent was running. They are looked for in their folder.
 */
async function rotatedMeanwhile(
  checkpoints: ReadonlyMap<string, Checkpoint>,
  paths: readonly string[],
): Promise<string[]> {
  const rotated: string[] = [];
  const known = new Set(paths);
  for (const folder of new Set([...checkpoints.values()].map(({ path }) => dirname(path)))) {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (
        found?.isFile() &&
        !known.has(path) &&
        checkpoints.has(keyOf({ device: found.dev, inode: found.ino }))
      ) {
        rotated.push(path);
      }
    }
  }
  return rotated;
}

/** Waits, but not once the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
