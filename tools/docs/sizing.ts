/** The tables of docs/sizing.md: the catalogue, what its models take on real GPUs, and how far reckoned sizes are from published ones. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parametersOf } from "../../stacks/serving/architecture";
import { catalogue, licences, type CatalogueModel } from "../../stacks/serving/catalogue";
import type { Load } from "../../stacks/serving/graph";
import { readable } from "../../stacks/serving/memoryProblems";
import { isKnown, memoryOf, onOneGpu, type ModelMemory } from "../../stacks/serving/modelMemory";
import { weightsOf } from "../../stacks/serving/weights";
import { root } from "../lib/paths";
import { withSection } from "./sections";

/** MiB as the driver reports them, nvidia.com/gpu.memory. */
const gpus = { "A100 40 GB": 40_960, L40S: 46_068, "H100 80 GB": 81_559, "A100 80 GB": 81_920 } as const;

/** What the examples are reckoned with: the defaults of a pool. */
const load: Load = { context: 4096, parallel: 4, cacheType: "f16", flashAttention: true };

/** The document with its tables as they are made. */
export function sizingDocs(): string {
  const document = readFileSync(join(root, "docs/sizing.md"), "utf8");
  const sections = { catalogue: models(), licences: licenceTable(), examples: examples(), deviations: deviations() };
  return Object.entries(sections).reduce((text, [name, content]) => withSection(text, name, content), document);
}

type Cells = readonly string[];

function table(head: Cells, rows: readonly Cells[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const grouped = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`;
const guide = catalogue.filter(({ files }) => files.length > 0);

function models(): string {
  return table(
    ["model", "parameters", "layers", "width", "heads", "KV heads", "head", "context", "registry", "licence", "dimensions read in"],
    catalogue.map(({ id, architecture: one, library, licence, source }) => [
      `\`${id}\``,
      parametersOf(one) >= 1e9 ? `${(parametersOf(one) / 1e9).toFixed(2)} B` : `${(parametersOf(one) / 1e6).toFixed(2)} M`,
      ...[one.layers, one.hiddenSize, one.heads, one.kvHeads, one.headDim, one.context].map(grouped),
      library ?? "",
      licence,
      source,
    ]),
  );
}

function licenceTable(): string {
  return table(
    ["licence", "what to know", "models"],
    Object.entries(licences).map(([name, restriction]) => [
      name,
      restriction,
      catalogue
        .filter(({ licence }) => licence === name)
        .map(({ id }) => `\`${id}\``)
        .join(", "),
    ]),
  );
}

function examples(): string {
  return table(
    ["model", "type", "weights", "cache", "graph", "CUDA", "sum", ...Object.keys(gpus)],
    guide.map((row) => {
      const memory = of(row, load);
      const { weights, cache, graph, overhead } = memory;
      return [
        `\`${row.id}\``,
        typeOf(row),
        ...[weights, cache, graph, overhead, onOneGpu(memory)].map(readable),
        ...Object.values(gpus).map((mebibytes) => longest(row, mebibytes * 2 ** 20)),
      ];
    }),
  );
}

const typeOf = ({ library }: CatalogueModel) => library ?? "Q4_K_M";

function of(row: CatalogueModel, wanted: Load): ModelMemory {
  const facts = {
    name: row.id,
    row,
    architecture: row.architecture,
    quantization: typeOf(row),
    sourceQuantization: typeOf(row),
    fileSize: undefined,
    licence: row.licence,
  };
  const memory = memoryOf(facts, wanted);
  if (!isKnown(memory)) throw new Error(`${row.id}: ${memory.missing}`);
  return memory;
}

/** The longest context, in 1024 tokens, with which it fits alone, for as many requests at the same time. */
function longest(row: CatalogueModel, memory: number): string {
  const most = row.architecture.context / 1024;
  const fits = (thousands: number) => {
    const taken = of(row, { ...load, context: thousands * 1024 });
    return onOneGpu(taken) + taken.buffer <= memory;
  };
  const found = Array.from({ length: most }, (_, i) => most - i).find(fits);
  return found === undefined ? "does not fit" : grouped(found * 1024);
}

function deviations(): string {
  return table(
    ["model", "type", "published", "reckoned", "off", "published by"],
    guide.flatMap(({ id, architecture, files }) =>
      files.map(({ quantization, size, source }) => {
        const { file } = weightsOf(architecture, quantization);
        const off = (file / size - 1) * 100;
        return [`\`${id}\``, quantization, gigabytes(size), gigabytes(file), `${off < 0 ? "−" : "+"}${Math.abs(off).toFixed(1)} %`, source];
      }),
    ),
  );
}
