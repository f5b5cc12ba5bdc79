/** Runs parts of the program without an engine and without a cluster, and records what they would make. */
import * as pulumi from "@pulumi/pulumi";

export interface Recorded {
  /** Type token: `kubernetes:apps/v1:Deployment`. */
  readonly type: string;
  /** Logical name. */
  readonly name: string;
  /** Types from the outermost parent to this, joined by `$`, as the engine writes them into the URN. */
  readonly chain: string;
  /** Inputs, resolved; empty for components. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly options: pulumi.CustomResourceOptions;
}

/** Options that make children known to the recorder; to be given to the component under test. */
export type Options = pulumi.ComponentResourceOptions;

/**
 * Builds something under mocks and gives all resources that it registered.
 * @param build gets the options that the outermost component must be made with
 */
export async function deploy(build: (opts: Options) => unknown): Promise<Deployed> {
  const inputs = new Map<string, Record<string, unknown>>();
  setMocks((args) => inputs.set(`${args.type} ${args.name}`, args.inputs as Record<string, unknown>));
  const made: { readonly type: string; readonly name: string; readonly resource: pulumi.Resource; readonly options: pulumi.CustomResourceOptions }[] = [];
  const chains = new Map<pulumi.Resource | undefined, string>();
  build({
    transformations: [
      ({ type, name, resource, opts }) => {
        made.push({ type, name, resource, options: opts });
        const parent = chains.get(opts.parent);
        chains.set(resource, parent === undefined ? type : `${parent}$${type}`);
        return undefined;
      },
    ],
  });
  const resources: Recorded[] = [];
  for (const { type, name, resource, options } of made) {
    await promiseOf(resource.urn); // known when it is registered
    resources.push({ type, name, chain: chains.get(resource) ?? type, inputs: inputs.get(`${type} ${name}`) ?? {}, options });
  }
  return new Deployed(resources);
}

/** Starts mocks for the stack `dev` of this project. @param record called with each registration */
export function setMocks(record: (args: pulumi.runtime.MockResourceArgs) => void): void {
  void pulumi.runtime.setMocks(
    {
      newResource(args) {
        record(args);
        return { id: `${args.name}-id`, state: args.inputs as Record<string, unknown> };
      },
      call: (args) => args.inputs as Record<string, unknown>,
    },
    "openshift-ai-platform",
    "dev",
  );
}

export class Deployed {
  constructor(readonly resources: readonly Recorded[]) {}

  /** All of a kind, by the end of the type token: `Deployment`. */
  all(kind: string): readonly Recorded[] {
    return this.resources.filter(({ type }) => type.endsWith(`:${kind}`));
  }

  /** The only one of a kind. */
  one(kind: string): Recorded {
    const found = this.all(kind);
    if (found.length !== 1 || !found[0]) throw new Error(`expected one ${kind}, got ${found.length}: ${found.map(({ name }) => name).join(", ")}`);
    return found[0];
  }

  /** How many of each kind there are, components included. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { type } of this.resources) {
      const kind = type.slice(type.lastIndexOf(":") + 1);
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    return counts;
  }
}

/** The value of an output, to be awaited. */
export function promiseOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
