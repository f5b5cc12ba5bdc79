/** Who did what, where people or models act. */
import { podPolicy, problem } from "../../policy";
import type { Pod } from "../../pods";

/** Says for how many days what a workload logs of its users' actions is kept. */
export const auditRetention = "openshift-ai-platform/audit-retention-days";

export const auditLogging = podPolicy({
  number: 56,
  name: "audit-logging",
  title: "audit logging is on where people or models act, and its retention is set",
  why: "Without a record nobody can say who asked what, which tool a model called, or who changed a key.",
  fix: `switch the server's audit log on, and state its retention in the annotation ${auditRetention} of the pod`,
  group: "governance",
  severity: "high",
  controls: { nsa: ["audit logging"], nist: ["AU-2", "AU-11"], aiAct: ["12"] },
  layer: "chat",
  parameters: {
    components: {
      type: "strings",
      description: "values of app.kubernetes.io/component where people or models act",
      default: ["chat", "gateway", "mcp-bridge", "mcp-server", "hub"],
    },
    minimumDays: { type: "integer", description: "shortest retention, in days", default: 90, minimum: 1 },
  },
  applies: (pod, { parameters }) => parameters.components.includes(pod.labels()["app.kubernetes.io/component"] ?? ""),
  check: (pod, { parameters }) => {
    const at = pod.metadata.view("annotations").at(auditRetention);
    const days = Number(at.string("") ?? Number.NaN);
    const retention = days >= parameters.minimumDays ? [] : [problem(at, "", `must be a number of days, at least ${parameters.minimumDays}`)];
    return [...retention, ...openWebUi(pod)];
  },
});

/** Open WebUI logs nothing unless it is told to: AUDIT_LOG_LEVEL is NONE by default. */
function openWebUi(pod: Pod) {
  return pod.containers("containers").flatMap(({ view }) => {
    if (!/(^|\/)open-webui[:@]|(^|\/)open-webui$/.test(view.string("image") ?? "")) return [];
    const level = view.list("env").find((variable) => variable.string("name") === "AUDIT_LOG_LEVEL");
    return level !== undefined && !["", "NONE"].includes(level.string("value") ?? "")
      ? []
      : [problem(level ?? view.view("env"), "", "AUDIT_LOG_LEVEL must be METADATA, REQUEST or REQUEST_RESPONSE")];
  });
}
