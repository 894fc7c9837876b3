// Measures work without a network, for the process that has started this one.

import { chainTasks } from "./chain-work.ts";
import type { MicroCommand, MicroReply } from "./micro.ts";
import { measureTasks } from "./micro-run.ts";
import { passTasks } from "./passes.ts";
import type { Section } from "./result.ts";

const titles = {
  pass: "one server pass and one client pass without a network",
  chain: "work on chains without a network",
};

async function measure({ kind, effort }: MicroCommand): Promise<Section> {
  const title = titles[kind];
  const tasks = kind === "pass" ? passTasks() : chainTasks();
  const rows = await measureTasks(tasks, effort, (round) =>
    tell({ progress: `${title}: round ${round} of ${effort.rounds}` }),
  );
  return { kind, title, rows, leftOut: [] };
}

const tell = (reply: MicroReply) =>
  new Promise<void>((resolve) => process.send?.(reply, () => resolve()));

process.once("message", async (command: MicroCommand) => {
  try {
    await tell({ section: await measure(command) });
  } catch (err) {
    await tell({ problem: String(err) });
  }
  process.disconnect();
});
process.on("disconnect", () => process.exit());
