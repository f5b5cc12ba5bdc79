/** Quantities (`1000m`, `1Gi`, `0.5`) in the form in which the API server writes them. */
import type { Value } from "../lib/values";

const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"] as const;
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] as const;

/** Shortest form with the same kind of suffix, as Kubernetes' resource.Quantity; what is no quantity is returned as it is. */
export function canonicalQuantity(value: Value): Value {
  if (typeof value === "number") return canonicalQuantity(String(value));
  if (typeof value !== "string") return value;
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?\d+))?$/.exec(value);
  const [, sign = "", whole = "", fraction = "", suffix = "", exponent] = match ?? [];
  if (!match || whole + fraction === "") return value;
  const negative = sign === "-" ? "-" : "";
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return "0";
  if (suffix.endsWith("i")) {
    const power = BigInt(BINARY.indexOf(suffix as (typeof BINARY)[number]));
    const scale = 10n ** BigInt(fraction.length);
    const bytes = digits * 1024n ** power;
    if (bytes % scale !== 0n) return value; // parts of a byte: the server rounds; left to it
    return negative + binary(bytes / scale);
  }
  // All decimal forms are counted in nanos, the smallest unit there is.
  const power = exponent === undefined ? (DECIMAL.indexOf(suffix as (typeof DECIMAL)[number]) - 3) * 3 : Number(exponent);
  const shift = 9 + power - fraction.length;
  if (shift < 0 && digits % 10n ** BigInt(-shift) !== 0n) return value;
  const nanos = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  if (exponent !== undefined) return negative + exponential(nanos);
  return negative + decimal(nanos);
}

function binary(bytes: bigint): string {
  let [amount, i] = [bytes, 0];
  while (amount % 1024n === 0n && i < BINARY.length - 1) [amount, i] = [amount / 1024n, i + 1];
  return `${amount}${BINARY[i]}`;
}
function decimal(nanos: bigint): string {
  let [amount, i] = [nanos, 0];
  while (amount % 1000n === 0n && i < DECIMAL.length - 1) [amount, i] = [amount / 1000n, i + 1];
  return `${amount}${DECIMAL[i]}`;
}
function exponential(nanos: bigint): string {
  let [amount, exponent] = [nanos, -9];
  while (amount % 1000n === 0n) [amount, exponent] = [amount / 1000n, exponent + 3];
  return exponent === 0 ? String(amount) : `${amount}e${exponent}`;
}
