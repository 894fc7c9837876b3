import type { Stats } from "node:fs";
import { glob, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LinePicker } from "../line/pick-line.js";
import { type FollowedFile, followFile, READ_BYTES } from "./followed-file.js";
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
 * So many files are kept open, which is safe against rotation and deletion. With more,
 * those that rest are closed until they change: the process needs its descriptors for
 * other things, such as the hub's connections.
 */
const MAX_OPEN_FILES = 100;

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
  const memory = Buffer.alloc(READ_BYTES);
  /** Files that may have been renamed while nobody had them open. */
  let missing = [...checkpoints.values()];
  /** Those that were not found when they were looked for: perhaps just then renamed again. */
  let missedOnce: Checkpoint[] = [];
  let searchAt = 0;
  let isFirst = true;
  let wasFull = false;

  const isFull = (): boolean => {
    const { bytes } = buffer;
    if (!wasFull && bytes > maxBufferBytes) {
      const mib = Math.floor(maxBufferBytes / 1024 ** 2);
      onProblem(`the buffer is full (${mib} MiB): reading waits until the hub has taken lines`);
      wasFull = true;
    }
    // Not for every request that makes a little room.
    if (wasFull && bytes <= maxBufferBytes / 2) {
      onProblem("the buffer has room again: reading goes on");
      wasFull = false;
    }
    return bytes > maxBufferBytes;
  };

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
    const renamed = await rotatedMeanwhile([...missing, ...missedOnce], paths);
    for (const path of [...paths, ...renamed]) {
      await attempt(path, () => follow(path, { isRenamed: renamed.includes(path) }));
    }
    for (const point of missedOnce) {
      await forgetDeleted(point);
    }
    missedOnce = isFirst ? [] : missing;
    missing = [];
    if (isFirst && paths.length + renamed.length === 0) {
      onProblem(`no file matches ${options.patterns.join(", ")} yet`);
    }
    isFirst = false;
  }

  /** What is deleted will not come back; what is on a device that is not there may. */
  async function forgetDeleted(point: Checkpoint): Promise<void> {
    const folder = await stat(dirname(point.path)).catch(() => undefined);
    if (!files.has(keyOf(point)) && folder?.dev === point.device) {
      checkpoints.delete(keyOf(point));
      buffer.removeCheckpoint(point.generation);
    }
  }

  /** Follows a file unless it is followed already; one that was renamed, if it was read before. */
  async function follow(path: string, { isRenamed }: { isRenamed: boolean }): Promise<void> {
    const found = await stat(path);
    if (!found.isFile() || files.has(keyOf({ device: found.dev, inode: found.ino }))) return;
    const known = await checkpointsFor(path, found);
    const file = await followFile(path, { ...options, known, memory });
    const { generation } = file.checkpoint;
    const former = known.find((point) => point.generation === generation);
    if (files.has(keyOf(file)) || (isRenamed && former === undefined)) {
      await file.close();
      return;
    }
    if (former !== undefined && keyOf(former) !== keyOf(file)) {
      // Its device has another number now. It must not be read under both.
      await files.get(keyOf(former))?.close();
      files.delete(keyOf(former));
      checkpoints.delete(keyOf(former));
      buffer.add(file.checkpoint, []);
    }
    files.set(keyOf(file), file);
    await closeIdle();
  }

  /** Closes those that were of no use for longest, if too many are open. */
  async function closeIdle(): Promise<void> {
    const open = [...files.values()].filter(({ idleSince }) => idleSince !== undefined);
    open.sort((a, b) => Number(b.idleSince) - Number(a.idleSince));
    for (const file of open.slice(MAX_OPEN_FILES)) {
      await file.rest();
    }
  }

  /**
   * How far files were read that may be this one: that with its device and inode; and
   * those of its folder that had its inode on a device which is there no more, since
   * devices are numbered anew when something is mounted again or a container starts.
   */
  async function checkpointsFor(path: string, { dev, ino }: Stats): Promise<Checkpoint[]> {
    const own = checkpoints.get(keyOf({ device: dev, inode: ino }));
    const found = own === undefined ? [] : [own];
    const followed = [...files.values()].map(({ checkpoint }) => checkpoint);
    for (const point of [...followed, ...checkpoints.values()]) {
      const isLike = point.inode === ino && point.device !== dev && point.offset > 0;
      if (isLike && dirname(point.path) === dirname(path)) {
        const there = await stat(point.path).catch(() => undefined);
        if (there?.dev !== point.device || there.ino !== ino) found.push(point);
      }
    }
    return found;
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
        if (signal.aborted || isFull()) break;
        const wasOpen = file.idleSince !== undefined;
        isBehind = (await attempt(file.path, () => file.read())) === true || isBehind;
        if (!wasOpen && file.idleSince !== undefined) {
          await attempt(file.path, closeIdle);
        }
        if (await attempt(file.path, () => file.isFinished())) {
          files.delete(key);
          checkpoints.set(key, file.checkpoint);
          if (file.isMissing) {
            missing.push(file.checkpoint);
            searchAt = 0;
          }
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
 * Files that were followed before, and have another name now: rotated while
 * nobody had them open. They are looked for in their folder.
 */
async function rotatedMeanwhile(
  checkpoints: readonly Checkpoint[],
  paths: readonly string[],
): Promise<string[]> {
  const rotated: string[] = [];
  const known = new Set(paths);
  // Its device may have another number; whether it is the file is seen when it is opened.
  const inodes = new Set(checkpoints.map(({ inode }) => inode));
  for (const folder of new Set(checkpoints.map(({ path }) => dirname(path)))) {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() && !known.has(path) && inodes.has(found.ino)) {
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
