/** MIG: which instances a GPU can be cut into, and their memory. Profiles: NVIDIA's MIG user guide, "Supported MIG Profiles". Pure. */

/** Instances by their share of the GPU's memory, in eighths. */
type Profiles = Readonly<Record<string, number>>;

/** A GPU that can be cut, by its memory. */
interface MigGpu {
  /** Its product label contains one of them. */
  readonly products: readonly string[];
  /** In the units of its name: 10⁹ bytes, or nearly. */
  readonly gigabytes: number;
  readonly profiles: Profiles;
}

const eighty: Profiles = { "1g.10gb": 1, "1g.20gb": 2, "2g.20gb": 2, "3g.40gb": 4, "4g.40gb": 4, "7g.80gb": 8 };

export const migGpus: readonly MigGpu[] = [
  { products: ["A30"], gigabytes: 24, profiles: { "1g.6gb": 2, "2g.12gb": 4, "4g.24gb": 8 } },
  { products: ["A100"], gigabytes: 40, profiles: { "1g.5gb": 1, "1g.10gb": 2, "2g.10gb": 2, "3g.20gb": 4, "4g.20gb": 4, "7g.40gb": 8 } },
  { products: ["A100", "A800", "H100", "H800"], gigabytes: 80, profiles: eighty },
  { products: ["H200"], gigabytes: 141, profiles: { "1g.18gb": 1, "1g.35gb": 2, "2g.35gb": 2, "3g.71gb": 4, "4g.71gb": 4, "7g.141gb": 8 } },
];

/** Of the fraction, what an instance has at least: 1g.5gb of 40 GiB has 4.75 GiB. */
const usable = 0.95;

/** The GPUs that a declared one may be: by its product, and by its memory within a tenth. Empty: none that is known. */
export function migGpusOf(memory: number, product: string | undefined): readonly MigGpu[] {
  const near = ({ gigabytes }: MigGpu) => Math.abs(memory / 1e9 - gigabytes) <= gigabytes / 10;
  return migGpus.filter((gpu) => near(gpu) && (product === undefined || gpu.products.some((name) => product.includes(name))));
}

/** GPUs of which NVIDIA's guide says that they can't be cut, or nothing. */
export function cannotBeCut(product: string): boolean {
  return /(^|-)(L4|L40S?|T4|V100|P100|A2|A10G?|A16|A40|RTX-A?\d+)(-|$)/.test(product) && !/RTX-PRO/.test(product);
}

/** @param memory bytes of the whole GPU */
export function instanceOf(profile: string, memory: number): { readonly memory: number } {
  const eighths = migGpusOf(memory, undefined).flatMap(({ profiles }) => profiles[profile] ?? [])[0];
  const named = Number(/\.(\d+)gb$/.exec(profile)?.[1] ?? 0) * 1e9;
  return { memory: Math.floor((eighths === undefined ? Math.min(named, memory) : (memory * eighths) / 8) * usable) };
}
