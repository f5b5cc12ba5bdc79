/** A model folder as its makers publish it, in the tiny model's dimensions: Safetensors in F32, config.json and tokenizer.json. Weights are all the same: it knows nothing. */
import { catalogued } from "../../../stacks/serving/catalogue";

/** Characters that stand for the 256 bytes in vocabularies of this kind: printable ones for themselves, others from 256 on. */
function byteCharacters(): readonly string[] {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

export function safetensorsFiles(): Readonly<Record<"model.safetensors" | "config.json" | "tokenizer.json" | "Modelfile", Buffer>> {
  const model = catalogued("tiny:0.1m")?.architecture;
  if (!model) throw new Error("the tiny model is not in the catalogue");
  const { layers, hiddenSize, feedForward, heads, kvHeads, vocabulary, context } = model;
  const bytes = byteCharacters();
  const merged = bytes.slice(33, 33 + vocabulary - bytes.length - 1).map((character) => [character, character] as const);
  const tokens = [...bytes, ...merged.map((pair) => pair.join("")), "</s>"];
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const shapes: Record<string, readonly number[]> = {
    "model.embed_tokens.weight": [vocabulary, hiddenSize],
    "lm_head.weight": [vocabulary, hiddenSize],
    "model.norm.weight": [hiddenSize],
  };
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `model.layers.${layer}.${part}.weight`;
    for (const part of ["input_layernorm", "post_attention_layernorm"]) shapes[name(part)] = [hiddenSize];
    for (const part of ["q_proj", "k_proj", "v_proj", "o_proj"]) shapes[name(`self_attn.${part}`)] = [hiddenSize, hiddenSize];
    for (const part of ["gate_proj", "up_proj"]) shapes[name(`mlp.${part}`)] = [feedForward, hiddenSize];
    shapes[name("mlp.down_proj")] = [hiddenSize, feedForward];
  }
  return {
    "model.safetensors": safetensors(shapes),
    "config.json": json({
      architectures: ["LlamaForCausalLM"],
      model_type: "llama",
      hidden_size: hiddenSize,
      intermediate_size: feedForward,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      max_position_embeddings: context,
      vocab_size: vocabulary,
      rms_norm_eps: 1e-5,
      bos_token_id: vocabulary - 1,
      eos_token_id: vocabulary - 1,
      torch_dtype: "float32",
    }),
    "tokenizer.json": json({
      version: "1.0",
      added_tokens: [{ id: vocabulary - 1, content: "</s>", special: true }],
      pre_tokenizer: { type: "ByteLevel" },
      model: { type: "BPE", vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: merged.map((pair) => pair.join(" ")) },
    }),
    Modelfile: Buffer.from("FROM .\nPARAMETER num_predict 4\n"),
  };
}

/** The format: the length of the header in 64 bits, the header, the values. */
function safetensors(shapes: Readonly<Record<string, readonly number[]>>): Buffer {
  let offset = 0;
  const header = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const from = offset;
      offset += 4 * shape.reduce((product, size) => product * size, 1);
      return [name, { dtype: "F32", shape, data_offsets: [from, offset] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.from(new Float32Array(offset / 4).fill(0.01).buffer)]);
}
