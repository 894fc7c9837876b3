import fc from "fast-check";
import { expect, test } from "vitest";
import { hopNode, sameMessage } from "./hop-node.js";
import { createNodesByMessage } from "./nodes-by-message.js";

const message = fc
  .tuple(fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 5 }), fc.boolean())
  .map(([text, isShortened]) => (isShortened ? `${text}…` : text));

test("many hops are searched like few: the first that is not taken", () => {
  const steps = fc.array(fc.tuple(message, fc.boolean(), fc.boolean()), { maxLength: 100 });
  fc.assert(
    fc.property(steps, (list) => {
      const nodes = createNodesByMessage();
      const added: ReturnType<typeof hopNode>[] = [];
      const taken = new Set<ReturnType<typeof hopNode>>();
      for (const [text, isAdded, isTaken] of list) {
        const found = nodes.find(text, taken);
        const fits = (node: (typeof added)[number]) =>
          !taken.has(node) && sameMessage(node.message, text);
        expect(found).toBe(added.find(fits));
        if (isTaken && found !== undefined) {
          taken.add(found);
        }
        if (isAdded) {
          const node = hopNode(`hop ${added.length}`, "A_1000");
          node.message = text;
          nodes.add(node);
          added.push(node);
        }
      }
    }),
    { numRuns: 1000 },
  );
});
