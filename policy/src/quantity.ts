/** Kubernetes quantities, exact enough to compare and to sum. */
import { Malformed, type View } from "./values";

const units: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
}; // prettier-ignore

/** A quantity as a number (cores, bytes, pieces), or undefined where it is none: `500m` → 0.5, `2Gi` → 2147483648, `1e3` → 1000, `1e3m` → undefined. */
export function quantity(text: string): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text);
  if (!match) return undefined;
  const [, digits = "", exponent = "", unit = ""] = match;
  return Number(digits + exponent) * (units[unit] ?? 1);
}

/** The quantity at a path, undefined where it is absent. @throws Malformed where it is none */
export function quantityAt(view: View, ...keys: readonly (string | number)[]): number | undefined {
  const part = view.at(...keys);
  const text = part.text("");
  if (text === undefined) return undefined;
  const value = quantity(text);
  if (value === undefined) throw new Malformed(part.path, part.value, "a quantity, e.g. 500m or 2Gi");
  return value;
}
