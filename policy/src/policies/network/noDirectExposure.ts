/** The way in is the router or the Gateway. */
import { all } from "../../each";
import { objectPolicy, problem } from "../../policy";

export const noDirectExposure = objectPolicy({
  number: 35,
  name: "no-direct-exposure",
  title: "no Service is a NodePort or a LoadBalancer, or has external addresses",
  why: "Such a Service goes round the router or the Gateway: no TLS, no log-in and no limits stand in front of it. External addresses also let it take over another's traffic.",
  fix: "make it a ClusterIP, and expose it by a Route, an HTTPRoute or an Ingress",
  group: "network",
  severity: "high",
  controls: { nsa: ["network"], nist: ["SC-7"] },
  applies: (_, __, object) => object.is("/Service"),
  check: (view) =>
    all(
      () => (["NodePort", "LoadBalancer"].includes(view.string("spec.type") ?? "ClusterIP") ? [problem(view, "spec.type", "must be ClusterIP")] : []),
      () => (view.strings("spec.externalIPs").length > 0 ? [problem(view, "spec.externalIPs", "must be empty")] : []),
    ),
});
