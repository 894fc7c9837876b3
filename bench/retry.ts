// What an outage of the last of five hops costs it, with every hop retrying: npm run bench:retry

import { createRetryInterceptor } from "errchain";
import {
  type Manner,
  manners,
  naiveRetry,
  type Outage,
  startHops,
} from "../test/support/retry-hops.ts";

const HOPS = 5;
const MAX_ATTEMPTS = 4;
const REQUESTS = 200;
const CONCURRENT = 10;

// The waits are short so that the bench is; they do not change what is counted.
const ours = () =>
  createRetryInterceptor({ maxAttempts: MAX_ATTEMPTS, initialDelayMs: 2, maxDelayMs: 10 });
const naive = () => naiveRetry(MAX_ATTEMPTS);

console.log(`${HOPS} hops, each caller with ${MAX_ATTEMPTS} attempts, the last hop down\n`);

async function attemptsPerRequest(retry: typeof ours, manner: Manner, outage: Outage) {
  const hops = await startHops({ hops: HOPS, retry, manner, outage });
  try {
    await hops.request();
    return hops.seen();
  } finally {
    hops.close();
  }
}

const rows: object[] = [];
for (const outage of ["answers UNAVAILABLE", "drops every connection"] as const) {
  for (const manner of manners) {
    rows.push({
      "the last hop": outage,
      "the others": manner,
      "with this library": await attemptsPerRequest(ours, manner, outage),
    });
  }
}
console.log("attempts at the last hop for one request of the entry");
console.table(rows);
console.log(`naive: ${await attemptsPerRequest(naive, "rethrow", "answers UNAVAILABLE")}\n`);

/** Requests at a steady pace: as many at a time, down or not. */
async function load(retry: typeof ours, requests: number, down: boolean) {
  const hops = await startHops({ hops: HOPS, retry });
  hops.setDown(down);
  let left = requests;
  const worker = async () => {
    while (left-- > 0) {
      await hops.request();
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  hops.close();
  return hops.seen();
}

const normal = await load(ours, REQUESTS, false);
const outage = await load(ours, REQUESTS, true);
console.log(`load at the last hop, ${REQUESTS} requests of the entry, ${CONCURRENT} at a time`);
console.table([
  { "": "normal", requests: normal },
  { "": "outage, with this library", requests: outage, "times normal": outage / normal },
]);
const FEW = 5;
const naiveNormal = await load(naive, FEW, false);
const naiveOutage = await load(naive, FEW, true);
console.log(`naive, ${FEW} requests: ${naiveOutage / naiveNormal} times normal`);
