// npm run shop

import { startShop } from "./shop.ts";

const shop = await startShop();
console.log(`Open ${shop.url} and order. Ctrl-C stops the shop.`);
await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
await shop.stop();
