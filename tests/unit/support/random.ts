/** The same random values in each run, for property tests. */

export interface Random {
  /** A whole number from 0 to below n. */
  readonly below: (n: number) => number;
  /** The same, of any size. */
  readonly big: (n: bigint) => bigint;
  readonly pick: <T>(list: readonly T[]) => T;
}

/** Runs a check many times, each with other values; a failure says with which. */
export function randomly(times: number, check: (random: Random) => void): void {
  for (let run = 1; run <= times; run++) {
    try {
      check(randomOf(run));
    } catch (error) {
      if (error instanceof Error) error.message = `run ${run}: ${error.message}`;
      throw error;
    }
  }
}

function randomOf(run: number): Random {
  let state = (run * 7919) % 2147483647;
  const next = () => (state = (state * 48271) % 2147483647);
  for (let i = 0; i < 5; i++) next();
  const below = (n: number) => Math.floor((next() / 2147483647) * n);
  // Small ones as often as large ones.
  const big = (n: bigint) => (((BigInt(next()) << 31n) | BigInt(next())) % (n < 10n ? n : 10n ** BigInt(below(String(n).length) + 1))) % n;
  return { below, big, pick: <T>(list: readonly T[]) => list[below(list.length)] as T };
}
