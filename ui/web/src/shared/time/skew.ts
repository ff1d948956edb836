/**
 * How far the server's clock is ahead of ours, in milliseconds, from `Date` headers.
 *
 * A `Date` header has whole seconds, so each answer only gives bounds; several answers narrow them.
 */
export interface Skew {
  least: number;
  most: number;
}

export const unknownSkew: Skew = { least: -Infinity, most: Infinity };

/** Takes in that the server's clock read `date` at some time between `sent` and `received` of ours. */
export function narrowed(skew: Skew, date: number, sent: number, received: number): Skew {
  const sample = { least: date - received, most: date + 1000 - sent };
  const both = {
    least: Math.max(skew.least, sample.least),
    most: Math.min(skew.most, sample.most),
  };
  // Bounds that exclude each other tell of a clock that was set meanwhile.
  return both.least <= both.most ? both : sample;
}

/** The best guess: none where the bounds allow it. */
export function offset({ least, most }: Skew): number {
  if (least <= 0 && most >= 0) return 0;
  return Number.isFinite(least) && Number.isFinite(most) ? (least + most) / 2 : 0;
}
