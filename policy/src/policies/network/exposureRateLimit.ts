/** One client can't take it all. */
import type { KubeObject } from "../../objects";
import { problem, stackPolicy } from "../../policy";
import type { Stack } from "../../stack";
import type { View } from "../../values";
import { annotationsOf, attachedTo, exposures, ingressKind, middlewaresOf, routeKind } from "./exposures";

/** Says who limits, where that is not the router or the Gateway, as `LIMIT by SOFTWARE`: `requests per key by litellm`. A declaration for reviewers. */
export const rateLimit = "openshift-ai-platform/rate-limit";
const declared = /^\S.* by \S/;
const router = "haproxy.router.openshift.io/rate-limit-connections";
const ingressLimits = ["nginx.ingress.kubernetes.io/limit-rps", "nginx.ingress.kubernetes.io/limit-rpm", "nginx.ingress.kubernetes.io/limit-connections"];

export const exposureRateLimit = stackPolicy({
  number: 37,
  name: "exposure-rate-limit",
  title: "what is public has rate limits",
  why: "A single client, by mistake or on purpose, fills the queue of the GPUs, and passwords and keys can be guessed as fast as the server answers.",
  fix: `set the limits of the Route, the Ingress or the Gateway; where the server limits by itself, say so in the annotation ${rateLimit}`,
  group: "network",
  severity: "medium",
  controls: { nist: ["SC-5"] },
  subjects: exposures,
  check: (subject, view, stack) => {
    const annotations = annotationsOf(view);
    if (declared.test(annotations.at(rateLimit).string("") ?? "")) return [];
    if (subject.is(routeKind)) {
      if (annotations.at(router).string("") !== "true") return [problem(annotations.at(router), "", "must be true: the limits count only with it")];
      return ["concurrent-tcp", "rate-tcp", "rate-http"].some((limit) => isPositive(annotations.at(`${router}.${limit}`)))
        ? []
        : [problem(annotations.at(`${router}.rate-http`), "", "must be a number, or concurrent-tcp or rate-tcp has to be one")];
    }
    if (subject.is(ingressKind) && ingressLimits.some((limit) => isPositive(annotations.at(limit)))) return [];
    return isLimited(subject, view, stack) ? [] : [problem(annotations.at(rateLimit), "", "must say who limits, as LIMIT by SOFTWARE, where neither router nor Gateway does")]; // prettier-ignore
  },
});

function isPositive(at: View): boolean {
  return /^[1-9]\d*$/.test(at.string("") ?? "");
}

function isLimited(subject: KubeObject, view: View, stack: Stack): boolean {
  return (
    middlewaresOf(subject, view, stack).some((one) => one.view().has("spec.rateLimit") || one.view().has("spec.inFlightReq")) ||
    attachedTo(subject, view, stack).some((one) => (one.is("BackendTrafficPolicy") ? one.view().has("spec.rateLimit") : one.is("RateLimitPolicy")))
  );
}
