import { hash, randomUUID } from "node:crypto";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { LinePicker } from "../line/pick-line.js";
import type { Checkpoint, LineBuffer, Tail } from "./line-buffer.js";
import { splitLines } from "./split-lines.js";

/** A file that is open and read as it grows. */
export interface FollowedFile {
  readonly device: number;
  readonly inode: number;
  readonly path: string;
  /** How far it was read. */
  readonly checkpoint: Checkpoint;
  /** Reads what is new, up to a limit. Gives whether there may be more at once. */
  read(): Promise<boolean>;
  /** Whether the file will not grow any more: it was renamed or deleted, and is read to its end. */
  isFinished(): Promise<boolean>;
  close(): Promise<void>;
}

export interface FollowOptions {
  readonly buffer: LineBuffer;
  readonly pick: LinePicker;
  /** How far files were read that may be this one, the likeliest first. */
  readonly known: readonly Checkpoint[];
}

const CHUNK_BYTES = 1024 * 1024;
const FINGERPRINT_BYTES = 256;
/** A program may begin each of its files with the same bytes; hardly so where they end. */
const TAIL_BYTES = 256;
/** A program goes on writing to a file that was renamed until it opens the new one. */
const ROTATED_MS = 10_000;

/** Opens a file, at the place where it was read to before. */
export async function followFile(path: string, options: FollowOptions): Promise<FollowedFile> {
  const { buffer, pick, known } = options;
  const file = await open(path, "r");
  const { dev: device, ino: inode } = await file.stat();
  const chunk = Buffer.alloc(TAIL_BYTES + CHUNK_BYTES);
  let checkpoint = newCheckpoint(path, device, inode);
  for (const point of known) {
    if (point.inode === inode && (await isOfFile(point, await readAt(point)))) {
      checkpoint = { ...point, path, device };
      break;
    }
  }
  /** What the file was like when it was last read to its end. */
  let seen: { size: number; mtimeMs: number } | undefined;
  let goneSince: number | undefined;

  async function readPiece(isEnd: boolean): Promise<boolean> {
    const { size, mtimeMs } = await file.stat();
    if (size === seen?.size && mtimeMs === seen.mtimeMs && !isEnd) {
      return false;
    }
    let piece = await readAt(checkpoint);
    if (!(await isOfFile(checkpoint, piece))) {
      // Truncated, perhaps filled again: copytruncate, or a program that starts anew.
      checkpoint = newCheckpoint(path, device, inode);
      piece = await readAt(checkpoint);
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
      tail: tailOf(chunk.subarray(0, before.length + split.consumed), offset + split.consumed),
      isInLongLine: split.isInLongLine,
      ...(checkpoint.fingerprintLength < FINGERPRINT_BYTES
        ? await fingerprintOf(file, Math.min(FINGERPRINT_BYTES, offset + split.consumed))
        : {}),
    };
    buffer.add(next, lines);
    checkpoint = next;
    seen = isFull ? undefined : { size, mtimeMs };
    return isFull;
  }

  /** What follows, and at once what is in front of it: the file may change between two reads. */
  async function readAt({ offset }: Checkpoint): Promise<{ before: Buffer; fresh: Buffer }> {
    const known = Math.min(TAIL_BYTES, offset);
    const { bytesRead } = await file.read(chunk, 0, known + CHUNK_BYTES, offset - known);
    return {
      before: chunk.subarray(0, Math.min(known, bytesRead)),
      fresh: chunk.subarray(known, Math.max(known, bytesRead)),
    };
  }

  /** Whether the file still holds what was read, and `before` the last of it. */
  async function isOfFile(point: Checkpoint, { before }: { before: Buffer }): Promise<boolean> {
    return hasTail(before, point) && (await isSameContent(file, point));
  }

  return {
    device,
    inode,
    path,
    get checkpoint() {
      return checkpoint;
    },
    read: () => readPiece(false),
    async isFinished() {
      const now = await stat(path).catch(() => undefined);
      if (now?.ino === inode && now.dev === device) {
        goneSince = undefined;
        return false;
      }
      goneSince ??= performance.now(); // a clock that nobody sets
      if (performance.now() - goneSince < ROTATED_MS) {
        return false;
      }
      while (await readPiece(true));
      return true;
    },
    async close() {
      const { nlink } = await file.stat();
      await file.close();
      if (nlink === 0) {
        buffer.removeCheckpoint(checkpoint.generation); // deleted: nobody can read it again
      }
    },
  };
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
