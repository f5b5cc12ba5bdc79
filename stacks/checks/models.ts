/** Models: what is said of them must agree, and their licences must be allowed. */
import { nearest, type Problem } from "../problems";
import { parseBytes } from "../quantities";
import type { ModelConfig, StackConfig } from "../schema";
import { catalogue, catalogued, licences as known } from "../serving/catalogue";
import { readable } from "../serving/memoryProblems";
import { factsOf } from "../serving/modelFacts";
import { quantizingMemory } from "../serving/weights";
import { sizingOf } from "../sizing";
import { problem } from "./problem";

export function models(config: StackConfig): Problem[] {
  return config.models.flatMap((model, m) => {
    const field = `models[${m}]`;
    return [...described(model, field), ...quantized(model, field, config), ...licensed(model, field, config)];
  });
}

function described({ catalogue: row, architecture }: ModelConfig, field: string): Problem[] {
  const problems: Problem[] = [];
  if (row !== undefined && catalogued(row) === undefined) {
    const ids = catalogue.map(({ id }) => id);
    const meant = nearest(row, ids);
    problems.push(
      problem(`${field}.catalogue`, row, `one of ${ids.join(", ")}`, meant ? `did you mean "${meant}"?` : "remove it, and give the model's architecture"),
    );
  }
  if (architecture === undefined) return problems;
  if (row !== undefined) {
    problems.push(problem(`${field}.catalogue`, row, "nothing beside architecture: both say the model's dimensions", "remove one of the two"));
  }
  const { heads, kvHeads, hiddenSize, headDim } = architecture;
  if (heads % kvHeads !== 0) {
    problems.push(problem(`${field}.architecture.kvHeads`, kvHeads, `a divisor of heads, ${heads}`, "copy both from the model's config.json"));
  }
  if (headDim === undefined && hiddenSize % heads !== 0) {
    problems.push(problem(`${field}.architecture.heads`, heads, `a divisor of hiddenSize, ${hiddenSize}, while headDim is not given`, "add headDim"));
  }
  return problems;
}

/** createModel in server/create.go of Ollama v0.17.4 quantizes nothing else (F32, which it names too, it takes for an unknown type), and holds a matrix three times while it does. */
function quantized(model: ModelConfig, field: string, config: StackConfig): Problem[] {
  const { quantize } = model;
  if (quantize === undefined) return [];
  const { sourceQuantization, architecture } = factsOf(model);
  if (sourceQuantization !== undefined && sourceQuantization !== "F16") {
    return [
      problem(
        `${field}.quantize`,
        quantize,
        `nothing while the source is ${sourceQuantization}: only F16 can be quantized`,
        "take the source in F16, such as a tag that ends with fp16, or remove it",
      ),
    ];
  }
  const limit = sizingOf(config).loader.limits.memory;
  const needed = architecture === undefined ? 0 : quantizingMemory(architecture, sourceQuantization ?? "F16", quantize);
  if (needed <= Number(parseBytes(limit))) return [];
  return [
    problem(
      `${field}.quantize`,
      quantize,
      `nothing while that takes ${readable(needed)} of memory: the loader has ${limit}`,
      "take a source that is quantized already, and remove it",
    ),
  ];
}

function licensed(model: ModelConfig, field: string, { serving }: StackConfig): Problem[] {
  if (serving.licences === undefined) return [];
  const { licence } = factsOf(model);
  if (licence !== undefined && serving.licences.includes(licence)) return [];
  const allowed = `one of serving.licences: ${serving.licences.join(", ")}`;
  if (licence === undefined) {
    return [{ field: `${field}.licence`, value: undefined, allowed, fix: `add the licence of ${model.name}, which the catalogue does not have` }];
  }
  const restriction = known[licence] === undefined ? "" : ` (${known[licence]})`;
  return [problem(`${field}.licence`, licence, allowed, `take another model, or add ${licence} to serving.licences after having read it${restriction}`)];
}
