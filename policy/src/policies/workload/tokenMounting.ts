/** Credentials for the API server only where somebody says what for. */
import { podPolicy, problem } from "../../policy";

/** Annotation of a pod: what it uses the token of its service account for. */
export const tokenUse = "openshift-ai-platform/token-use";

export const tokenMounting = podPolicy({
  number: 20,
  name: "token-mounting",
  title: "service account tokens are mounted only where a pod declares what for",
  why: "Every pod gets a token unless it says otherwise, and whoever breaks into it then talks to the API server.",
  fix: `set automountServiceAccountToken to false in the pod; where it needs the API server, mount a projected serviceAccountToken, or say why in the annotation ${tokenUse}`,
  group: "workload",
  severity: "medium",
  controls: { cis: ["5.1.6"], nsa: ["protecting tokens"], nist: ["AC-6"] },
  parameters: { annotation: { type: "string", description: "annotation of a pod that says what it uses the token for", default: tokenUse } },
  applies: ({ whole }) => whole,
  check: ({ spec, metadata }, { parameters }) => {
    // The service account may say so too, but another pod of it may need the token: the pod decides, and its reader sees it.
    if (spec.boolean("automountServiceAccountToken") === false) return [];
    if (metadata.view("annotations").at(parameters.annotation).string("")?.trim()) return [];
    return [problem(spec, "automountServiceAccountToken", `must be false, or the annotation ${parameters.annotation} says what the token is for`)];
  },
});
