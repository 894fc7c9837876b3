/** The largest whole number from `low` to `high` for which `fits` holds; it is taken to hold for `low`. */
export function largestThat(fits: (n: number) => boolean, low: number, high: number): number {
  let good = low;
  let bad = high + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (fits(middle)) {
      good = middle;
    } else {
      bad = middle;
    }
  }
  return good;
}
