import { hash, randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { LinePicker } from "../line/pick-line.js";
import type { Checkpoint, LineBuffer, Tail } from "./line-buffer.js";
import { splitLines } from "./split-lines.js";

/** A file that is read as it grows. */
export interface FollowedFile {
  readonly device: number;
  readonly inode: number;
  readonly path: string;
  /** How far it was read. */
  readonly checkpoint: Checkpoint;
  /**
   * Since when it has been open for nothing, on a clock that nobody sets. Undefined
   * while it is not open, or must stay so: it was renamed, and its path is of no use.
   */
  readonly idleSince: number | undefined;
  /** Whether something else or nothing has its path, and it is not open either. */
  readonly isMissing: boolean;
  /** Reads what is new, up to a limit. Gives whether there may be more at once. */
  read(): Promise<boolean>;
  /**
   * Whether there is no more to read: it was renamed or deleted, and is read to its
   * end, or cannot be read any more under this path.
   */
  isFinished(): Promise<boolean>;
  /** Closes it until it changes. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

export interface FollowOptions {
  readonly buffer: LineBuffer;
  readonly pick: LinePicker;
  /** How far files were read that may be this one, the likeliest first. */
  readonly known: readonly Checkpoint[];
  /** READ_BYTES to read into, for all files together: they are read one after the other. */
  readonly memory: Buffer;
}

const CHUNK_BYTES = 1024 * 1024;
const FINGERPRINT_BYTES = 256;
/** A program may begin each of its files with the same bytes; hardly so where they end. */
const TAIL_BYTES = 256;
export const READ_BYTES = TAIL_BYTES + CHUNK_BYTES;
/** A program goes on writing to a file that was renamed until it opens the new one. */
const ROTATED_MS = 10_000;

/** Opens a file, at the place where it was read to before. */
export async function followFile(path: string, options: FollowOptions): Promise<FollowedFile> {
  const { buffer, pick, known, memory } = options;
  const first = await open(path, "r");
  const { dev: device, ino: inode } = await first.stat();
  let file: FileHandle | undefined = first;
  let checkpoint = newCheckpoint(path, device, inode);
  for (const point of known) {
    if (point.inode === inode && (await isOfFile(first, point, await readAt(first, point)))) {
      checkpoint = { ...point, path, device };
      break;
    }
  }
  /** What the file was like when it was last read to its end. */
  let seen: { size: number; mtimeMs: number } | undefined;
  let usedAt = performance.now();
  let goneSince: number | undefined;
  let isMissing = false;

  const isThis = (found: Stats | undefined) => found?.ino === inode && found.dev === device;
  const isSeen = ({ size, mtimeMs }: Stats) => size === seen?.size && mtimeMs === seen.mtimeMs;

  /** The open file; undefined if it rests and has not changed. */
  async function openIfChanged(): Promise<FileHandle | undefined> {
    if (file !== undefined) {
      return file;
    }
    const found = await statIfThere(path);
    if (found !== undefined && isThis(found)) {
      if (isSeen(found)) return undefined;
      const opened = await open(path, "r");
      if (isThis(await opened.stat())) {
        usedAt = performance.now();
        file = opened;
        return file;
      }
      await opened.close();
    }
    isMissing = true;
    return undefined;
  }

  async function readPiece(file: FileHandle, { isEnd }: { isEnd: boolean }): Promise<boolean> {
    const found = await file.stat();
    if (isSeen(found) && !isEnd) {
      return false;
    }
    const { size, mtimeMs } = found;
    let piece = await readAt(file, checkpoint);
    if (!(await isOfFile(file, checkpoint, piece))) {
      // Truncated, perhaps filled again: copytruncate, or a program that starts anew.
      checkpoint = newCheckpoint(path, device, inode);
      piece = await readAt(file, checkpoint);
    }
    const { before, fresh } = piece;
    const isFull = fresh.length === CHUNK_BYTES;
    const atEnd = isEnd && checkpoint.offset + fresh.length >= size;
    const split = splitLines(fresh, {
      isStart: checkpoint.offset === 0,
      isInLongLine: checkpoint.isInLongLine,
      isEnd: atEnd,
    });
    if (split.consumed === 0) {
      seen = { size, mtimeMs };
      return false;
    }
    const { generation, offset } = checkpoint;
    // When the last line was written; the others were before, in this order. That is
    // nearer to the truth than when somebody came to read them.
    const writtenUs = Math.floor(Math.min(mtimeMs, Date.now()) * 1000);
    const lines = split.lines.flatMap(({ start, text }, index) => {
      const line = pick(text);
      const observedUs = writtenUs - (split.lines.length - 1 - index);
      const uid = `${generation}:${offset + start}`;
      return line === undefined ? [] : [{ uid, path, observedUs, line }];
    });
    const next = {
      ...checkpoint,
      offset: offset + split.consumed,
      tail: tailOf(memory.subarray(0, before.length + split.consumed), offset + split.consumed),
      isInLongLine: split.isInLongLine,
      ...(checkpoint.fingerprintLength < FINGERPRINT_BYTES
        ? await fingerprintOf(file, Math.min(FINGERPRINT_BYTES, offset + split.consumed))
        : {}),
    };
    buffer.add(next, lines);
    checkpoint = next;
    seen = isFull ? undefined : { size, mtimeMs };
    usedAt = performance.now();
    return isFull;
  }

  /** What follows, and at once what is in front of it: the file may change between two reads. */
  async function readAt(file: FileHandle, { offset }: Checkpoint): Promise<Piece> {
    const known = Math.min(TAIL_BYTES, offset);
    const { bytesRead } = await file.read(memory, 0, known + CHUNK_BYTES, offset - known);
    return {
      before: memory.subarray(0, Math.min(known, bytesRead)),
      fresh: memory.subarray(known, Math.max(known, bytesRead)),
    };
  }

  return {
    device,
    inode,
    path,
    get checkpoint() {
      return checkpoint;
    },
    get idleSince() {
      return file === undefined || goneSince !== undefined ? undefined : usedAt;
    },
    get isMissing() {
      return isMissing;
    },
    async read() {
      const file = await openIfChanged();
      return file !== undefined && (await readPiece(file, { isEnd: false }));
    },
    async isFinished() {
      if (file === undefined) {
        return isMissing;
      }
      if (isThis(await stat(path).catch(() => undefined))) {
        goneSince = undefined;
        return false;
      }
      goneSince ??= performance.now(); // a clock that nobody sets
      if (performance.now() - goneSince < ROTATED_MS) {
        return false;
      }
      while (await readPiece(file, { isEnd: true }));
      return true;
    },
    async rest() {
      await file?.close();
      file = undefined;
    },
    async close() {
      if (file === undefined) {
        return;
      }
      const { nlink } = await file.stat();
      await file.close();
      file = undefined;
      if (nlink === 0) {
        buffer.removeCheckpoint(checkpoint.generation); // deleted: nobody can read it again
      }
    },
  };
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ENOENT") throw err;
    return undefined;
  }
}

/** What was read of a file. */
interface Piece {
  /** What was read before. */
  readonly before: Buffer;
  readonly fresh: Buffer;
}

/** Whether a file still holds what was read of it, and this is the last of it. */
async function isOfFile(file: FileHandle, point: Checkpoint, { before }: Piece): Promise<boolean> {
  return hasTail(before, point) && (await isSameContent(file, point));
}

function newCheckpoint(path: string, device: number, inode: number): Checkpoint {
  return {
    generation: randomUUID(),
    device,
    inode,
    path,
    offset: 0,
    fingerprint: "",
    fingerprintLength: 0,
    isInLongLine: false,
  };
}

/** Whether these bytes are those that were read last. */
function hasTail(before: Buffer, { offset, tail }: Checkpoint): boolean {
  if (before.length < Math.min(TAIL_BYTES, offset)) {
    return false; // truncated
  }
  return tail?.offset !== offset || tailOf(before, offset).hash === tail.hash;
}

function tailOf(bytes: Buffer, offset: number): Tail {
  return { offset, hash: hash("sha256", bytes.subarray(-TAIL_BYTES)) };
}

async function isSameContent(file: FileHandle, checkpoint: Checkpoint): Promise<boolean> {
  const { fingerprint, fingerprintLength } = checkpoint;
  if (fingerprintLength === 0) {
    return true;
  }
  return (await fingerprintOf(file, fingerprintLength)).fingerprint === fingerprint;
}

async function fingerprintOf(
  file: FileHandle,
  length: number,
): Promise<Pick<Checkpoint, "fingerprint" | "fingerprintLength">> {
  const start = Buffer.alloc(length);
  const { bytesRead } = await file.read(start, 0, length, 0);
  return {
    fingerprint: hash("sha256", start.subarray(0, bytesRead)),
    fingerprintLength: bytesRead,
  };
}
