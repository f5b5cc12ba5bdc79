/** Kubernetes' quantities as whole numbers: thousandths of a CPU, bytes. Pure and exact; what is finer than that is rounded up, as Kubernetes does. */

const binary = { Ki: 1n << 10n, Mi: 1n << 20n, Gi: 1n << 30n, Ti: 1n << 40n, Pi: 1n << 50n, Ei: 1n << 60n } as const;
const decimal = { k: 3, M: 6, G: 9, T: 12, P: 15, E: 18, m: -3, u: -6, n: -9 } as const;

const form = /^(?<whole>\d+)(?:\.(?<fraction>\d+))?(?:(?<binary>[KMGTPE]i)|(?<decimal>[kMGTPEmun])|[eE](?<exponent>[+-]?\d{1,2}))?$/;

/** `16`, `1600m`, `0.5` → 16000n, 1600n, 500n thousandths. @throws RangeError for what is no quantity, negative ones included */
export function parseCpu(text: string): bigint {
  return parse(text, 1000n);
}

/** `64Mi`, `1.5Gi`, `128M`, `1024` → bytes. @throws RangeError for what is no quantity, negative ones included */
export function parseBytes(text: string): bigint {
  return parse(text, 1n);
}

/** Thousandths as Kubernetes writes them: whole cores where it is some. */
export function formatCpu(milli: bigint): string {
  return milli % 1000n === 0n ? String(milli / 1000n) : `${milli}m`;
}

/** Bytes in the largest unit that divides them, up to Ti: the form that the configuration takes too. */
export function formatBytes(bytes: bigint): string {
  const unit = (["Ti", "Gi", "Mi", "Ki"] as const).find((one) => bytes !== 0n && bytes % binary[one] === 0n);
  return unit === undefined ? String(bytes) : `${bytes / binary[unit]}${unit}`;
}

/** Thousandths for people: `0.25`, `16`. */
export function readableCpu(milli: bigint): string {
  return decimals(milli, 1000n, 3);
}

/** Bytes for people: in the largest unit that needs no more than one decimal, `1.5Ti`, `8.5Gi`. Exact. */
export function readableBytes(bytes: bigint): string {
  const unit = (["Ti", "Gi", "Mi", "Ki"] as const).find((one) => bytes >= binary[one] && (bytes * 10n) % binary[one] === 0n);
  return unit === undefined ? String(bytes) : `${decimals(bytes, binary[unit], 1)}${unit}`;
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

export function largest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function smallest(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** @param scale parts of one that are counted */
function parse(text: string, scale: bigint): bigint {
  const groups = form.exec(text)?.groups;
  if (!groups) throw new RangeError(`${JSON.stringify(text)} is no quantity, such as 500m, 16 or 64Gi`);
  const { whole = "", fraction = "" } = groups;
  const power = Number(groups.exponent ?? 0) + (groups.decimal === undefined ? 0 : decimal[groups.decimal as keyof typeof decimal]) - fraction.length;
  const unit = groups.binary === undefined ? 1n : binary[groups.binary as keyof typeof binary];
  const digits = BigInt(whole + fraction) * unit * scale;
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (digits + divisor - 1n) / divisor;
}

function decimals(value: bigint, one: bigint, places: number): string {
  const rest = (value % one) * 10n ** BigInt(places);
  const fraction = String(rest / one)
    .padStart(places, "0")
    .replace(/0+$/, "");
  return fraction === "" ? String(value / one) : `${value / one}.${fraction}`;
}
