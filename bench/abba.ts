// Compares things in turns. A machine gets slower and faster while a benchmark runs,
// by more than what is to be measured. So everything runs in short slices, forwards
// and then backwards (A B B A): what drifts steadily meets all alike, and cancels in
// the ratios of one round.

/** In which order the tasks run in a round: forwards, then backwards, each round beginning with another one. */
export function roundOrder(tasks: number, round: number): number[] {
  const forwards = Array.from({ length: tasks }, (_, index) => (index + round) % tasks);
  return [...forwards, ...forwards.toReversed()];
}

/**
 * Runs each task twice in each round.
 *
 * @returns for each task, what its two slices of each round gave
 */
export async function alternate<Task, Slice>(
  tasks: readonly Task[],
  rounds: number,
  runSlice: (task: Task) => Promise<Slice>,
  onRound: (round: number) => void,
): Promise<[Slice, Slice][][]> {
  const results: [Slice, Slice][][] = tasks.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const first = new Map<number, Slice>();
    for (const index of roundOrder(tasks.length, round)) {
      const slice = await runSlice(tasks[index] as Task);
      const before = first.get(index);
      if (before === undefined) {
        first.set(index, slice);
      } else {
        results[index]?.push([before, slice]);
      }
    }
    onRound(round + 1);
  }
  return results;
}
