/** How many retries a peer that fails may cost. */
export interface RetryBudgetOptions {
  /**
   * How many tokens a peer begins with, and has at most. A failed attempt takes one. With
   * half of them or less left, no attempt is repeated. Default: 10.
   */
  readonly maxTokens?: number;
  /**
   * How many tokens a successful call gives back. In the long run a peer gets about this
   * many retries for each success. Default: 0.1.
   */
  readonly tokenRatio?: number;
}

/** The tokens of one peer. */
export interface RetryBudget {
  onSuccess(): void;
  onFailure(): void;
  /** Whether a failed attempt may be repeated. */
  allowsRetry(): boolean;
}

/**
 * A token bucket for each peer, so that retries cannot keep a peer down that is
 * overloaded. See gRFC A6, "Throttling Retry Attempts and Hedged RPCs".
 *
 * Unlike there, attempts that never reached the peer count too: the connections
 * to a peer that is down also cost something, and the system behind a refused
 * connection is often a load balancer's.
 */
export function createBudgets({ maxTokens, tokenRatio }: Required<RetryBudgetOptions>) {
  const budgets = new Map<string, RetryBudget>();
  /** @param peer the base URL of its service */
  return (peer: string): RetryBudget => {
    let budget = budgets.get(peer);
    if (budget === undefined) {
      budget = createBudget(maxTokens, tokenRatio);
      budgets.set(peer, budget);
    }
    return budget;
  };
}

function createBudget(maxTokens: number, tokenRatio: number): RetryBudget {
  let tokens = maxTokens;
  return {
    onSuccess() {
      tokens = Math.min(tokens + tokenRatio, maxTokens);
    },
    onFailure() {
      tokens = Math.max(tokens - 1, 0);
    },
    allowsRetry: () => tokens > maxTokens / 2,
  };
}
