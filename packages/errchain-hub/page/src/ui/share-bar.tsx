/** A share as a bar, beside its figure. `of`: the share of a full bar. Default: 1. */
export function ShareBar({ share, of = 1 }: { share: number; of?: number }) {
  const width = of > 0 ? Math.min(100, (share / of) * 100) : 0;
  return (
    <span class="share-bar" aria-hidden="true">
      <span style={{ width: `${width}%` }} />
    </span>
  );
}
