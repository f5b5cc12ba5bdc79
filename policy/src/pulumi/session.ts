/** What one run of the engine is told: the objects of its resources, and what the policies said of each. */
import { evaluateObject, evaluateStack, type Result } from "../evaluate";
import type { Configuration } from "../configuration";
import type { KubeObject } from "../objects";
import type { Policy } from "../policy";
import { Stack } from "../stack";
import type { Value } from "../values";
import { handedOver, objectsOf, type Resource } from "./objects";
import { readingOf } from "./sdk";

/** A resource as the SDK hands it over. */
export interface Given extends Resource {
  readonly props: Record<string, unknown>;
}

interface Request {
  readonly objects: readonly KubeObject[];
  /** Policies that have looked at it. */
  readonly seen: Set<string>;
  readonly results: Result[];
}

export class Session {
  /** The last request of each resource. */
  private readonly requests = new Map<string, Request>();
  private whole?: { readonly stack: Stack; readonly seen: Set<string>; readonly results: Result[] };

  constructor(
    private readonly configuration: Configuration,
    /** Whether what was read is kept, for reports. */
    private readonly evidence: boolean,
  ) {}

  /** Results of a policy over the objects of one resource. */
  ofResource(policy: Exclude<Policy, { scope: "stack" }>, given: Given, parameters: Readonly<Record<string, Value>>): readonly Result[] {
    const request = this.requestOf(given, policy.name);
    const results = request.objects.flatMap((object) => evaluateObject(policy, object, this.options(policy, parameters)).map(decidedOf));
    request.results.push(...results);
    return results;
  }

  /** Results of a policy over the whole stack. */
  ofStack(policy: Extract<Policy, { scope: "stack" }>, given: readonly Given[], parameters: Readonly<Record<string, Value>>): readonly Result[] {
    const { stack, results: all } = this.stackOf(given, policy.name);
    const results = evaluateStack(policy, stack, this.options(policy, parameters));
    all.push(...results);
    return results;
  }

  /** All that was said of the resources of a stack, and their objects; those of resources that are gone are left out. @param by which check asks */
  summary(given: readonly Given[], by: string): { readonly objects: readonly KubeObject[]; readonly results: readonly Result[] } {
    const whole = this.stackOf(given, by);
    const requests = given.flatMap(({ urn }) => this.requests.get(urn) ?? []);
    return {
      objects: [...new Set([...requests.flatMap(({ objects }) => objects), ...whole.stack.objects])],
      results: [...requests.flatMap(({ results }) => results), ...whole.results],
    };
  }

  private options(policy: Policy, parameters: Readonly<Record<string, Value>>) {
    const { settings, parameters: all } = this.configuration;
    return { settings, parameters: { [policy.name]: { ...all[policy.name], ...parameters } }, evidence: this.evidence };
  }

  /**
   * The request that a policy looks at. The SDK calls the policies one after the other, and requests of several resources mix; a policy that looks at the same
   * resource again does so for a new request.
   */
  private requestOf(given: Given, policy: string): Request {
    const known = this.requests.get(given.urn);
    if (known !== undefined && !known.seen.has(policy)) {
      known.seen.add(policy);
      return known;
    }
    const request: Request = { objects: read(given), seen: new Set([policy]), results: [] };
    this.requests.set(given.urn, request);
    return request;
  }

  private stackOf(given: readonly Given[], policy: string) {
    if (this.whole !== undefined && !this.whole.seen.has(policy)) {
      this.whole.seen.add(policy);
      return this.whole;
    }
    // What a program asks for, as its resources were looked at; of those that were not, what the stack's state has.
    const objects = given.flatMap((one) => this.requests.get(one.urn)?.objects ?? read(one)).filter(({ source }) => source.partial !== true);
    return (this.whole = { stack: new Stack(objects), seen: new Set([policy]), results: [] });
  }
}

function read(given: Given): readonly KubeObject[] {
  return objectsOf(given, readingOf(given.props) ?? handedOver(given.props));
}

/** A patch says nothing of what it leaves out, so what is missing there may be right in the object. */
function decidedOf(result: Result): Result {
  if (result.object.source.partial !== true || result.outcome !== "violated") return result;
  const present = result.problems.filter(({ value }) => value !== undefined && value !== null);
  if (present.length > 0) return { ...result, problems: present };
  const problems = result.problems.map((one) => ({ ...one, message: `${one.path || "it"} is not in this patch, and is known only after up` }));
  return { ...result, outcome: "not decided", problems };
}
