/** Random stacks for the capacity plan, and what its fixes say. */
import type { StackConfig } from "../../../stacks/schema";
import type { Problem } from "../../../stacks/problems";
import { changed, type Change } from "../../../stacks/capacityFix";
import type { Random } from "./random";
import { servingOf, stack, tiny, type Fields } from "./stack";

/** Any stack that the schema and the other checks take, from ones that fit to ones that are far too large. */
export function anyStack({ below, pick }: Random): StackConfig {
  const some = (most: number, make: (i: number) => Fields) => Array.from({ length: below(most + 1) }, (_, i) => make(i));
  const rarely = (fields: Fields): Fields => (below(5) === 0 ? fields : {});
  const pool = (): Fields => {
    const min = 1 + below(2);
    const max = min + below(4);
    return {
      previewReplicas: pick([0, 0, 1, 2]),
      gpusPerReplica: pick([0, 1, 1, 2, 3]),
      ...(below(2) ? { scale: { min, max }, replicas: min + below(max - min + 1) } : { replicas: 1 + below(5) }),
    };
  };
  const node = (i: number): Fields => ({
    name: `n${i}`,
    count: 1 + below(6),
    cpu: `${8 + below(56)}`,
    memory: `${32 + below(200)}Gi`,
    gpus: pick([0, 2, 3, 4, 8]),
    pods: 10 + below(100),
  });
  return stack({
    environment: pick(["development", "staging", "production"]),
    sizing: pick(["guide", "small"]),
    cluster: { nodes: some(2, node) },
    capacity: { overcommit: 1 + below(20) / 10 },
    storage: { models: { accessMode: pick(["ReadWriteMany", "ReadWriteMany", "ReadWriteOnce"]), ...rarely({ size: `${1 + below(4)}Ti` }) } },
    quota: { ...rarely({ gpus: below(12) }), ...rarely({ cpu: `${1 + below(40)}` }), ...rarely({ memory: `${1 + below(100)}Gi` }) },
    teams: some(2, (i) => ({ name: `team-${i}`, group: `g${i}`, quota: { cpu: `${1 + below(8000)}m`, memory: `${1 + below(20000)}Mi`, gpus: below(3) } })),
    models: Array.from({ length: 1 + below(3) }, (_, i) => ({ name: i === 0 ? tiny : `m${i}:1b-v1.0-base`, source: { kind: "image", image: "tiny-model" } })),
    ...servingOf(pool(), ...some(2, pool)),
  });
}

/** The alternatives of a fix, each with all that it says to set; those that are only words are left out. */
export function alternatives({ fix }: Problem): readonly (readonly Change[])[] {
  return fix
    .split(/, or /)
    .filter((text) => text.startsWith("set "))
    .map((text) =>
      [...text.matchAll(/([a-zA-Z]+(?:\[\d+\])?(?:\.[a-zA-Z]+(?:\[\d+\])?)+) to ([^ ,]+)/g)].map(([, field = "", value = ""]) => ({
        field,
        value: /^[0-9.]+$/.test(value) && !/\.quota\.(cpu|memory)$|^quota\.cpu$/.test(field) ? Number(value) : value,
      })),
    );
}

/** The configuration with the first alternative of each fix; undefined where one of them names no values. */
export function mended(config: StackConfig, problems: readonly Problem[]): StackConfig | undefined {
  const firsts = problems.map((problem) => alternatives(problem)[0]);
  return firsts.every((first) => first !== undefined) ? changed(config, firsts.flat()) : undefined;
}
