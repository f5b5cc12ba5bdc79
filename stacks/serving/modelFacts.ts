/** What is known of a configured model: its dimensions, its file and its licence, from the configuration, its name, its source and the catalogue. Pure. */
import { parseModelName, parseUpstream } from "../modelNames";
import { parseBytes } from "../quantities";
import type { ModelConfig } from "../schema";
import { quantizations } from "../schema/serving";
import { catalogued, type CatalogueModel } from "./catalogue";
import type { Architecture, Quantization } from "./architecture";

export interface ModelFacts {
  readonly name: string;
  /** Row of the catalogue; undefined where there is none. */
  readonly row: CatalogueModel | undefined;
  readonly architecture: Architecture | undefined;
  /** Type of the weights that are served: after the loader has quantized them. */
  readonly quantization: Quantization | undefined;
  /** Type of the weights of the source. */
  readonly sourceQuantization: Quantization | undefined;
  /** Bytes of the weights' file, where the configuration says them and the loader leaves it as it is. */
  readonly fileSize: number | undefined;
  readonly licence: string | undefined;
}

/** What Ollama's registry serves for most models, and the larger of its two usual types. */
const usual: Quantization = "Q4_K_M";

export function factsOf(model: ModelConfig): ModelFacts {
  const row = catalogued(model.catalogue ?? rowId(model.name));
  const architecture = architectureOf(model) ?? row?.architecture;
  const sourceQuantization = model.quantization ?? byTag(model) ?? bySource(model, row);
  return {
    name: model.name,
    row,
    architecture,
    quantization: model.quantize ?? sourceQuantization,
    sourceQuantization,
    fileSize: model.quantize === undefined && model.fileSize !== undefined ? Number(parseBytes(model.fileSize)) : undefined,
    licence: model.licence ?? row?.licence,
  };
}

/** `codellama:7b` of `codellama:7b-v1.0-base`. */
export function rowId(name: string): string {
  const parts = parseModelName(name);
  return parts === undefined ? name : `${parts.model}:${parts.size}`;
}

function architectureOf({ architecture }: ModelConfig): Architecture | undefined {
  if (architecture === undefined) return undefined;
  const { family, layers, hiddenSize, feedForward, heads, kvHeads, headDim = Math.ceil(hiddenSize / heads), vocabulary, context, tied } = architecture;
  return { family, layers, hiddenSize, feedForward, heads, kvHeads, headDim, vocabulary, context, tied };
}

/** `codellama:7b-code-q8_0` → Q8_0, `…-fp16` → F16. */
function byTag({ source }: ModelConfig): Quantization | undefined {
  if (source.kind === "image") return undefined;
  const { tag } = parseUpstream(source.name);
  const end = /-(q[0-9]_(?:k(?:_[ms])?|[01])|(?:fp|bf|f)(?:16|32))$/i.exec(tag)?.[1]?.toUpperCase().replace("FP", "F");
  return quantizations.find((one) => one === end);
}

/** Only F16 can be quantized; Safetensors become F16 before. */
function bySource({ quantize, source }: ModelConfig, row: CatalogueModel | undefined): Quantization | undefined {
  if (quantize !== undefined) return "F16";
  if (row?.library !== undefined) return row.library;
  return source.kind === "registry" ? usual : undefined;
}
