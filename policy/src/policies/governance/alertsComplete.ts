/** Alerts that somebody can act on, and promises of each pool that are watched. */
import type { KubeObject } from "../../objects";
import { problem, stackPolicy, type Problem } from "../../policy";
import type { Stack } from "../../stack";
import type { View } from "../../values";

export const alertsComplete = stackPolicy({
  number: 58,
  name: "alerts-complete",
  title: "every alert has a severity and a runbook, and every pool of model servers alerts of its service levels",
  why: "An alert without a severity wakes nobody, one without a runbook wakes somebody who can't help; and without service levels users notice first.",
  fix: "add labels.severity and annotations.runbook_url; for a pool, alerts with the label slo and its name",
  group: "governance",
  severity: "medium",
  controls: { nist: ["SI-4", "IR-4"] },
  parameters: {
    severities: { type: "strings", description: "values that labels.severity may have", default: ["critical", "warning", "info"] },
    component: { type: "string", description: "value of app.kubernetes.io/component of model servers", default: "model-server" },
  },
  // Without the operator's rules there is no monitoring to complete: whether a stack has it is the site's choice.
  subjects: (stack, { parameters }) => {
    const rules = stack.ofKind("monitoring.coreos.com/PrometheusRule");
    return rules.length === 0 ? [] : [...rules, ...pools(stack, parameters.component)];
  },
  check: (subject, view, stack, { parameters }) =>
    subject.is("PrometheusRule") ? alertsOf(view).flatMap((alert) => incomplete(alert, parameters.severities)) : serviceLevels(subject, view, stack),
});

/** One workload of each pool: the Deployment, also where a Rollout runs its pods. */
function pools(stack: Stack, component: string): readonly KubeObject[] {
  return stack
    .ofKind("apps/Deployment", "apps/StatefulSet")
    .filter((object) => object.view().view("metadata.labels").at("app.kubernetes.io/component").value === component);
}

function alertsOf(rule: View): readonly View[] {
  return rule.list("spec.groups").flatMap((group) => group.list("rules").filter((one) => one.has("alert")));
}

function incomplete(alert: View, severities: readonly string[]): readonly Problem[] {
  const severity = alert.string("labels.severity");
  return [
    ...(severity !== undefined && severities.includes(severity) ? [] : [problem(alert, "labels.severity", `must be one of ${severities.join(", ")}`)]),
    ...(alert.string("annotations.runbook_url") ? [] : [problem(alert, "annotations.runbook_url", "must be set")]),
  ];
}

/** Alerts of a pool's service levels: their label `slo` says which, and they carry the pool's name as a label or in their query. */
function serviceLevels(subject: KubeObject, view: View, stack: Stack): readonly Problem[] {
  const pool = view.view("metadata.labels").at("app.kubernetes.io/instance").string("") ?? subject.name;
  const watched = stack
    .ofKind("monitoring.coreos.com/PrometheusRule")
    .filter((rule) => rule.namespace === subject.namespace)
    .flatMap((rule) => alertsOf(rule.view()))
    .some((alert) => alert.has("labels.slo") && (alert.string("labels.pool") === pool || (alert.text("expr") ?? "").includes(`pool="${pool}"`)));
  return watched ? [] : [problem(view, "metadata.name", `pool ${pool} needs alerts of its service levels: rules with the label slo and pool="${pool}"`)];
}
