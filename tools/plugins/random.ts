/** Stand-in of the random provider: values are made once, kept in the state, and made again only when an input or a keeper changes. */
import { randomBytes, randomUUID } from "node:crypto";
import { serveProvider, shallowDiff, type Operation, type Provider, type State } from "./lib/provider";
import { hasUnknown, makeSecret, numberAt, plainMap, textAt, UNKNOWN, type Value, type ValueMap } from "./lib/values";
import { idOutputs, randomInteger, randomPet, randomShuffle, randomText, textRules, uuid7 } from "./random-values";

interface Made {
  readonly id: string;
  readonly outputs: ValueMap;
}
interface Kind {
  /** Values that the official provider fills in and keeps in the state. */
  readonly defaults?: ValueMap;
  readonly outputs: readonly string[];
  readonly secrets?: readonly string[];
  make(inputs: ValueMap): Made;
  /** From the id that `pulumi import` was given. */
  adopt?(id: string): Made & { readonly inputs: ValueMap };
  /** Schema version that the official provider writes into the state. */
  readonly schema?: number;
}

const result = (value: string): Made => ({ id: value, outputs: { result: value } });
const textDefaults = { lower: true, upper: true, number: true, numeric: true, special: true, minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 };
const adoptText = (id: string) => ({ id, outputs: { result: id }, inputs: { length: id.length } });
const uuid = (make: () => string): Kind => ({ outputs: ["result"], make: () => result(make()), adopt: (id) => ({ ...result(id), inputs: {} }) });
const lengthOf = (inputs: ValueMap, key: string): number => {
  const length = numberAt(inputs, key) ?? 0;
  if (!Number.isInteger(length) || length < 1) throw new Error(`${key}: ${length} is not a whole number of at least 1`);
  return length;
};
const bytesOutputs = (bytes: Buffer): ValueMap => ({ base64: bytes.toString("base64"), hex: bytes.toString("hex") });

const kinds: Readonly<Record<string, Kind>> = {
  RandomString: { defaults: textDefaults, outputs: ["result"], make: (inputs) => result(randomText(textRules(inputs))), adopt: adoptText, schema: 2 },
  RandomPassword: {
    defaults: textDefaults,
    outputs: ["result"],
    secrets: ["result"],
    // The id is no copy of the password: ids are shown.
    make: (inputs) => ({ ...result(randomText(textRules(inputs))), id: "none" }),
    adopt: (id) => ({ ...adoptText(id), id: "none" }),
    schema: 3,
  },
  RandomId: {
    outputs: ["b64Std", "b64Url", "dec", "hex"],
    make(inputs) {
      return idOutputs(randomBytes(lengthOf(inputs, "byteLength")), textAt(inputs, "prefix") ?? "");
    },
    adopt(id) {
      const [prefix, code] = id.includes(",") ? [id.slice(0, id.indexOf(",")), id.slice(id.indexOf(",") + 1)] : ["", id];
      const bytes = Buffer.from(code, "base64url");
      return { ...idOutputs(bytes, prefix), inputs: { byteLength: bytes.length, ...(prefix ? { prefix } : {}) } };
    },
  },
  RandomBytes: {
    outputs: ["base64", "hex"],
    secrets: ["base64", "hex"],
    make: (inputs) => ({ id: "none", outputs: bytesOutputs(randomBytes(lengthOf(inputs, "length"))) }),
    adopt(id) {
      const bytes = Buffer.from(id, "base64");
      return { id: "none", outputs: bytesOutputs(bytes), inputs: { length: bytes.length } };
    },
  },
  RandomUuid: uuid(() => randomUUID()),
  RandomUuid4: uuid(() => randomUUID()),
  RandomUuid7: uuid(uuid7),
  RandomInteger: {
    outputs: ["result"],
    make(inputs) {
      const value = randomInteger(inputs);
      return { id: String(value), outputs: { result: value } };
    },
    adopt(id) {
      const [value, min, max, seed] = id.split(",");
      if (value === undefined || min === undefined || max === undefined) throw new Error(`import id ${id}: expected RESULT,MIN,MAX or RESULT,MIN,MAX,SEED`);
      return { id: value, outputs: { result: Number(value) }, inputs: { min: Number(min), max: Number(max), ...(seed ? { seed } : {}) } };
    },
  },
  RandomPet: {
    defaults: { length: 2, separator: "-" },
    outputs: [],
    make: (inputs) => ({ id: randomPet(inputs), outputs: {} }),
  },
  RandomShuffle: { outputs: ["results"], make: (inputs) => ({ id: "-", outputs: { results: randomShuffle(inputs) } }) },
};

function kindOf(type: string): Kind {
  const kind = kinds[type.split(":").pop() ?? ""];
  if (!kind) throw new Error(`${type} is not in the stand-in of the random plugin; install the official plugin to use it`);
  return kind;
}

function stateOf(kind: Kind, inputs: ValueMap, outputs: ValueMap): ValueMap {
  const secret = Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, kind.secrets?.includes(key) ? makeSecret(value) : value]));
  return { ...kind.defaults, ...inputs, ...secret, ...(kind.schema ? { __meta: JSON.stringify({ schema_version: String(kind.schema) }) } : {}) };
}

/** Inputs with the defaults of their kind; the program's own form of `numeric` and `number` sets both. */
function withDefaults(kind: Kind, news: ValueMap): ValueMap {
  if (!kind.defaults) return news;
  const numeric = "numeric" in news ? news.numeric : news.number;
  return { ...kind.defaults, ...news, ...(numeric === undefined || !("numeric" in kind.defaults) ? {} : { numeric, number: numeric }) };
}

const provider: Provider = {
  version: process.env.OAP_PLUGIN_VERSION ?? "0.0.0",
  check({ type, news }) {
    const kind = kindOf(type);
    if (type.endsWith(":RandomString") || type.endsWith(":RandomPassword")) {
      try {
        if (!hasUnknown(news)) textRules(plainMap(news));
      } catch (error) {
        return Promise.resolve({ inputs: news, failures: [{ property: "length", reason: (error as Error).message }] });
      }
    }
    return Promise.resolve({ inputs: withDefaults(kind, news) });
  },
  diff({ type, olds, news }) {
    const kind = kindOf(type);
    // Compared with the state: a value that was imported, or made by the official plugin, then stays.
    const before = Object.fromEntries(Object.entries(olds).filter(([key]) => !["id", "bcryptHash", ...kind.outputs].includes(key)));
    const given = Object.fromEntries(Object.entries(news).filter(([key, value]) => key !== "__defaults" && value !== null));
    return Promise.resolve(shallowDiff(before, given, () => true));
  },
  create(operation: Operation, news: ValueMap): Promise<State> {
    const kind = kindOf(operation.type);
    if (operation.preview) {
      const unknown: Record<string, Value> = Object.fromEntries(kind.outputs.map((key) => [key, UNKNOWN]));
      return Promise.resolve({ id: "", properties: stateOf(kind, news, unknown) });
    }
    const made = kind.make(plainMap(news));
    return Promise.resolve({ id: made.id, properties: stateOf(kind, news, made.outputs) });
  },
  read(operation, id, state, inputs) {
    const kind = kindOf(operation.type);
    if (Object.keys(state).length > 0) return Promise.resolve({ id, properties: state, inputs });
    if (!kind.adopt) throw new Error(`${operation.type} cannot be imported`);
    const adopted = kind.adopt(id);
    const known = withDefaults(kind, adopted.inputs);
    return Promise.resolve({ id: adopted.id, properties: stateOf(kind, known, adopted.outputs), inputs: known });
  },
  update(operation, _id, olds, news) {
    const kind = kindOf(operation.type);
    const kept = Object.fromEntries([...kind.outputs, "bcryptHash"].filter((key) => olds[key] !== undefined).map((key) => [key, olds[key] ?? null]));
    return Promise.resolve(stateOf(kind, news, kept));
  },
  delete: () => Promise.resolve(),
};

serveProvider(provider);
