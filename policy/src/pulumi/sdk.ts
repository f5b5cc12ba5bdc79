/**
 * Where the SDK does less than the engine offers. It makes the properties of a resource anew for each policy, and hands them over without telling what is secret:
 * here they are made once for each request, together with our own reading of them. Where the SDK changes inside, `readingOf` finds nothing, and the properties are
 * read as it hands them over. And it passes over the stack's configuration, which the engine sends once before all else.
 */
/* eslint-disable @typescript-eslint/no-require-imports -- an `import` gives a copy of the module, in which nothing can be replaced */
import analyzer = require("@pulumi/pulumi/proto/analyzer_pb");
import deserialize = require("@pulumi/policy/deserialize");
/* eslint-enable @typescript-eslint/no-require-imports */
import { plainOf, type Plain, type Struct } from "./wire";

type Deserialize = (struct: Struct, proxySecrets: boolean) => Record<string, unknown>;

const readings = new WeakMap<object, Plain>();
/** As proxy.js of the SDK names it: gives what its proxy stands before. */
const target = "__getSpecialProxyTarget";

/** Makes the SDK read each request's properties once. To be called before the pack is served. */
export function readOnce(module: { deserializeProperties: Deserialize } = deserialize as { deserializeProperties: Deserialize }): void {
  const original = module.deserializeProperties;
  if (typeof original !== "function") return;
  const made = new WeakMap<Struct, Record<string, unknown>>();
  module.deserializeProperties = (struct, proxySecrets) => {
    // With `proxySecrets` they are to be changed.
    if (proxySecrets) return original(struct, proxySecrets);
    const known = made.get(struct);
    if (known !== undefined) return known;
    const props = original(struct, proxySecrets);
    made.set(struct, props);
    readings.set(props, plainOf(struct));
    return props;
  };
}

/** Our reading of properties that a policy got; undefined where there is none. */
export function readingOf(props: Record<string, unknown>): Plain | undefined {
  const raw = props[target];
  return typeof raw === "object" && raw !== null ? readings.get(raw) : undefined;
}

/** What the engine says of the stack. */
export interface StackInformation {
  readonly stack: string;
  /** All configuration of the stack by full key: texts, or JSON. */
  readonly config: ReadonlyMap<string, string>;
}

/** Hears of the stack before its first resource comes. What `told` throws is what the engine says when it gives up. */
export function onStack(told: (stack: StackInformation) => void): void {
  const { prototype } = analyzer.AnalyzerStackConfigureRequest;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
  const original = prototype.getTagsMap;
  // The one thing that the SDK reads of this request.
  prototype.getTagsMap = function (this: analyzer.AnalyzerStackConfigureRequest) {
    told({ stack: this.getStack(), config: new Map(this.getConfigMap().toArray()) });
    return original.call(this);
  };
}
