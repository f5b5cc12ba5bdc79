/** The policies as Pulumi's engine takes them. */
import type {
  Policy as PulumiPolicy,
  PolicyPackArgs,
  ReportViolation,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import { levelIn, pageOf, type Configuration } from "../configuration";
import { isApplicable, type Result } from "../evaluate";
import { complaint, Exemptions } from "../exemptions";
import { controlOf, frameworks } from "../frameworks";
import type { Parameter, Policy } from "../policy";
import { resultsOf, type Results } from "../results";
import type { Value } from "../values";
import { messageOf, notDecidedLine } from "./message";
import { isRelease } from "./objects";
import { Session } from "./session";

export interface PackOptions {
  readonly configuration: Configuration;
  readonly policies: readonly Policy[];
  readonly stack: string;
  /** YYYY-MM-DD, in UTC */
  readonly today: string;
  /** Called once all resources of a stack were looked at; then results have their evidence. */
  readonly onResults?: (results: Results) => void;
}

/** A violation with a level of its own: the SDK takes it, its types don't say so. */
type Report = (violation: { readonly message: string; readonly urn?: string; readonly enforcementLevel: "advisory" | "mandatory" }) => void;

export function packOf({ configuration, policies, stack, today, onResults }: PackOptions): PolicyPackArgs {
  const session = new Session(configuration, onResults !== undefined);
  const exemptions = new Exemptions(configuration.exemptions, today, configuration.settings.environment);

  const report = (results: readonly Result[], violation: ReportViolation) => {
    for (const result of results) {
      const { policy, object, outcome } = result;
      const urn = object.source.id.replace(/#\d+$/, "");
      if (outcome === "error") (violation as unknown as Report)({ message: messageOf(result, configuration), urn, enforcementLevel: "mandatory" });
      else if (outcome === "violated" && exemptions.of(policy.name, object) === undefined) violation(messageOf(result, configuration), urn);
    }
  };

  const made = policies.map((policy): ResourceValidationPolicy | StackValidationPolicy => {
    const described = description(policy, configuration);
    const reason = isApplicable(policy, configuration.settings) ? undefined : `layer not built: ${policy.layer ?? ""}`;
    if (policy.scope === "stack")
      return {
        ...described,
        validateStack: (args, violation) =>
          reason === undefined ? report(session.ofStack(policy, args.resources, args.getConfig()), violation) : args.notApplicable(reason),
      };
    return {
      ...described,
      validateResource: (args, violation) =>
        reason === undefined ? report(session.ofResource(policy, args, args.getConfig()), violation) : args.notApplicable(reason),
    };
  });

  const ofExemptions: StackValidationPolicy = {
    name: "exemptions",
    description: "Exemptions are needed and have not expired.",
    displayName: "Exemptions are needed and have not expired",
    enforcementLevel: "mandatory",
    severity: "high",
    tags: ["governance"],
    remediationSteps: "remove exemptions that are not needed; renew or mend what has expired",
    validateStack: (args, violation) => {
      session.summary(args.resources, ofExemptions.name);
      for (const one of exemptions.states()) {
        const wrong = complaint(one);
        if (wrong !== undefined) violation(wrong);
      }
    },
  };

  const conclusion: StackValidationPolicy = {
    name: "not-decided",
    description: "What can't be decided before up is counted.",
    displayName: "What can't be decided before up is counted",
    enforcementLevel: "advisory",
    severity: "low",
    tags: ["governance"],
    validateStack: (args: StackValidationArgs, violation) => {
      const { objects, results } = session.summary(args.resources, conclusion.name);
      const exempted = exemptedLine(results, exemptions);
      const line = notDecidedLine(results, args.resources.filter(isRelease).length);
      const lines = [exempted, line].filter((one) => one !== undefined);
      if (lines.length > 0) violation(lines.join("\n"));
      onResults?.(resultsOf({ stack, policies, objects, results, configuration, exemptions }));
    },
  };

  return {
    displayName: "OpenShift AI policies",
    description: "Policies for AI platforms on Kubernetes: GPU limits, security contexts, models and supply chain",
    tags: ["kubernetes", "openshift", "gpu", "ai"],
    enforcementLevel: "mandatory",
    policies: [...made, ofExemptions, conclusion],
  };
}

function exemptedLine(results: readonly Result[], exemptions: Exemptions): string | undefined {
  const exempted = results.filter(({ policy, object, outcome }) => outcome === "violated" && exemptions.of(policy.name, object) !== undefined);
  if (exempted.length === 0) return undefined;
  return `${exempted.length} ${exempted.length === 1 ? "violation" : "violations"} exempted: ${[...new Set(exempted.map(({ policy }) => policy.name))].join(", ")}`;
}

function description(policy: Policy, configuration: Configuration): PulumiPolicy {
  const framework = frameworkOf(policy);
  const schema = Object.entries(policy.parameters ?? {}).map(([name, parameter]) => [name, schemaOf(parameter)]);
  return {
    name: policy.name,
    description: `${policy.title.charAt(0).toUpperCase()}${policy.title.slice(1)}.`,
    displayName: policy.title,
    severity: policy.severity,
    enforcementLevel: levelIn(policy, configuration),
    tags: [policy.group, ...frameworks.flatMap(({ id }) => (policy.controls[id] ?? []).map((control) => `${id}:${control}`))],
    remediationSteps: policy.fix,
    url: pageOf(policy.name, configuration),
    ...(framework === undefined ? {} : { framework }),
    ...(schema.length === 0 ? {} : { configSchema: { properties: Object.fromEntries(schema) as Record<string, object> } }),
  };
}

/** The first control that is confirmed: the engine takes one; the tags have all. */
function frameworkOf({ controls }: Policy): PulumiPolicy["framework"] {
  for (const { id, name, version } of frameworks)
    for (const control of controls[id] ?? []) {
      const found = controlOf(id, control);
      if (found !== undefined) return { name, version, reference: found.id, specification: found.title };
    }
  return undefined;
}

function schemaOf(parameter: Parameter): Readonly<Record<string, Value>> {
  const { description: text, default: value } = parameter;
  const common = { description: text, default: value };
  if (parameter.type === "strings") return { type: "array", items: { type: "string" }, ...common };
  return { type: parameter.type, ...("minimum" in parameter && parameter.minimum !== undefined ? { minimum: parameter.minimum } : {}), ...common };
}
