/** Random numbers that are the same in every run. Pure. */

export interface Random {
  /** In [0, 1). */
  uniform(): number;
  normal(): number;
  /** Mean 1; coefficient of variation 1 / √shape. */
  gamma(shape: number): number;
}

/** Mulberry32. @param seed a whole number */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const open = () => 1 - uniform(); // never 0
  const normal = () => Math.sqrt(-2 * Math.log(open())) * Math.cos(2 * Math.PI * uniform());
  /** Marsaglia and Tsang, ACM TOMS 26(3), 2000. */
  const standardGamma = (shape: number): number => {
    if (shape < 1) return standardGamma(shape + 1) * open() ** (1 / shape);
    const d = shape - 1 / 3;
    for (;;) {
      const x = normal();
      const v = (1 + x / Math.sqrt(9 * d)) ** 3;
      if (v > 0 && Math.log(open()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return { uniform, normal, gamma: (shape) => standardGamma(shape) / shape };
}
