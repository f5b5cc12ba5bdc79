/** Policies that verify signatures of images, of OpenShift, of sigstore's policy-controller and of Kyverno, and what they cover. */
import type { KubeObject } from "../../objects";
import type { Stack } from "../../stack";
import type { View } from "../../values";

/** Label by which a namespace takes part in policy-controller. */
const include = "policy.sigstore.dev/include";

/** Whether a policy of the stack has the signatures of an image verified that a namespace runs. @param image `docker.io/ollama/ollama` @throws NotDecided, Malformed */
export function verifies(stack: Stack, namespace: string, image: string): boolean {
  return (
    stack.ofKind("config.openshift.io/ClusterImagePolicy").some((policy) => inScope(policy.view(), image)) ||
    ofNamespace(stack, "config.openshift.io/ImagePolicy", namespace).some((policy) => inScope(policy.view(), image)) ||
    (included(stack, namespace) && stack.ofKind("policy.sigstore.dev/ClusterImagePolicy").some((policy) => sigstore(policy.view(), image))) ||
    [...stack.ofKind("kyverno.io/ClusterPolicy"), ...ofNamespace(stack, "kyverno.io/Policy", namespace)].some((policy) => kyverno(policy.view(), image)) ||
    stack.ofKind("policies.kyverno.io/ImageValidatingPolicy").some((policy) => imageValidating(policy.view(), image))
  );
}

function ofNamespace(stack: Stack, kind: string, namespace: string): readonly KubeObject[] {
  return stack.ofKind(kind).filter((policy) => policy.namespace === namespace);
}

/** A scope is a registry, the beginning of a repository, or `*.example.com`; as in containers-policy.json(5). */
function inScope(policy: View, image: string): boolean {
  const host = image.split("/")[0] ?? "";
  return policy
    .strings("spec.scopes")
    .some((scope) => image === scope || image.startsWith(`${scope}/`) || (scope.startsWith("*.") && host.endsWith(scope.slice(1))));
}

function included(stack: Stack, namespace: string): boolean {
  return stack.find("Namespace", "", namespace)?.view().map("metadata.labels")[include] === "true";
}

/** `*` stops at a slash, `**` does not; Docker Hub is `index.docker.io`. */
function sigstore(policy: View, image: string): boolean {
  if (policy.string("spec.mode") === "warn" || policy.list("spec.authorities").length === 0) return false;
  const names = [image, image.replace(/^docker\.io\//, "index.docker.io/")];
  return policy.list("spec.images").some((one) => names.some((name) => globbed(one.string("glob") ?? "", name, false)));
}

function kyverno(policy: View, image: string): boolean {
  const all = policy.string("spec.validationFailureAction") ?? "";
  return policy.list("spec.rules").some((rule) =>
    rule.list("verifyImages").some((verify) => {
      const enforced = (verify.string("failureAction") ?? all).toLowerCase() === "enforce";
      const referred = verify.strings("imageReferences").some((pattern) => globbed(withoutVersion(pattern), image, true));
      return enforced && referred && verify.list("attestors").length > 0;
    }),
  );
}

function imageValidating(policy: View, image: string): boolean {
  const denies = policy.has("spec.validationActions") ? policy.strings("spec.validationActions").includes("Deny") : true;
  const referred = policy.list("spec.matchImageReferences").some((match) => globbed(withoutVersion(match.string("glob") ?? ""), image, true));
  return denies && referred && policy.list("spec.attestors").length > 0;
}

/** `ghcr.io/example/*:v1` → `ghcr.io/example/*`; a port stays. */
function withoutVersion(pattern: string): string {
  return pattern.replace(/[:@][^/]*$/, "");
}

/** Whether a pattern is a whole name. Without regular expressions: a pattern of many stars would never end. @param crosses whether one star stands for slashes too; two always do */
function globbed(pattern: string, name: string, crosses: boolean): boolean {
  let ends: ReadonlySet<number> = new Set([0]);
  for (const part of pattern.split(/(\*\*|\*)/)) {
    const next = [...ends].flatMap((from) => {
      if (!part.startsWith("*")) return name.startsWith(part, from) ? [from + part.length] : [];
      const slash = part === "*" && !crosses ? name.indexOf("/", from) : -1;
      const last = slash < 0 ? name.length : slash;
      return Array.from({ length: last - from + 1 }, (_, i) => from + i);
    });
    ends = new Set(next);
  }
  return ends.has(name.length);
}
