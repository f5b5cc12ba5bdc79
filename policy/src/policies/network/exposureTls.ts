/** What is public is encrypted, and ends some time. */
import { all, each } from "../../each";
import type { KubeObject } from "../../objects";
import { problem, problemIf, stackPolicy, type Problem } from "../../policy";
import type { Stack } from "../../stack";
import type { View } from "../../values";
import { annotationsOf, exposureKinds, gatewayApi, ingressKind, parentsOf, routeKind } from "./exposures";

const haproxy = "haproxy.router.openshift.io";
/** `TLSv1` is nginx's name of 1.0. */
const oldVersion = /SSL[_ ]?v[23]|TLS[_ ]?v?1(?:[._]?[01])?(?![._]?\d)/i;

export const exposureTls = stackPolicy({
  number: 33,
  name: "exposure-tls",
  title: "what is public uses TLS of today, doesn't answer plain HTTP but with a redirect, and states its timeout",
  why: "Passwords, prompts and answers would go over the network in the clear. The router's own timeout of 30 s cuts long answers off, and a connection without any is held for ever.",
  fix: "terminate TLS, redirect HTTP, send Strict-Transport-Security, and set the timeout of Route, HTTPRoute or Ingress",
  group: "network",
  severity: "high",
  controls: { nsa: ["encryption"], nist: ["SC-8"] },
  parameters: {
    strictTransport: { type: "boolean", description: "whether Routes and HTTPRoutes must send the header Strict-Transport-Security", default: true },
    plainListeners: {
      type: "strings",
      description: "names of plain HTTP listeners of Gateways that are made elsewhere",
      default: ["http", "web"],
    },
  },
  subjects: (stack) => stack.ofKind(...exposureKinds, `${gatewayApi}/Gateway`),
  check: (subject, view, stack, { parameters }) => {
    if (subject.is(routeKind)) return route(view, parameters.strictTransport);
    if (subject.is(ingressKind)) return ingress(view);
    if (subject.is("Gateway")) return each(view.list("spec.listeners"), listener);
    if (subject.is("TLSRoute")) return [];
    if (subject.is("TCPRoute")) return [problem(view, "kind", "must be TLSRoute: a TCPRoute is not encrypted")];
    return gatewayRoute(subject, view, stack, parameters);
  },
});

function route(view: View, strictTransport: boolean): readonly Problem[] {
  const annotations = annotationsOf(view);
  const termination = view.string("spec.tls.termination");
  if (termination === undefined) return [problem(view, "spec.tls.termination", "must be edge, reencrypt or passthrough")];
  const header = annotations.at(`${haproxy}/hsts_header`);
  const timeout = annotations.at(`${haproxy}/timeout`);
  return all(
    () =>
      problemIf(view.string("spec.tls.insecureEdgeTerminationPolicy") === "Allow", view, "spec.tls.insecureEdgeTerminationPolicy", "must be Redirect or None"),
    () =>
      problemIf(strictTransport && termination !== "passthrough" && !isStrict(header.string("")), header, "", "must be max-age=SECONDS, for a day or longer"),
    () => problemIf(!/^[1-9]\d*(us|ms|s|m|h|d)?$/.test(timeout.string("") ?? ""), timeout, "", "must be a time, such as 600s"),
  );
}

/** A day at least. */
function isStrict(header: string | undefined): boolean {
  return Number(/max-age=(\d+)/.exec(header ?? "")?.[1] ?? 0) >= 86400;
}

function ingress(view: View): readonly Problem[] {
  const annotations = annotationsOf(view);
  const secured = view.list("spec.tls").flatMap((tls) => tls.strings("hosts"));
  const written = annotations.entries("");
  return all(
    () => problemIf(view.list("spec.tls").length === 0, view, "spec.tls", "must have the hosts and their Secret"),
    () =>
      each(view.list("spec.rules"), (rule) => {
        const host = rule.string("host");
        return problemIf(
          secured.length > 0 && host !== undefined && !secured.some((one) => isHostOf(one, host)),
          rule,
          "host",
          "must be among the hosts of spec.tls",
        );
      }),
    () => {
      const redirect = annotations.at("nginx.ingress.kubernetes.io/ssl-redirect");
      return problemIf(redirect.string("") === "false", redirect, "", "must not be false");
    },
    () => each(written, ([, at]) => problemIf(oldVersion.test(at.string("") ?? ""), at, "", "must not name SSL, TLS 1.0 or TLS 1.1")),
    // Each controller has its own name for it.
    () =>
      problemIf(
        !written.some(([key, at]) => key.includes("timeout") || (at.string("") ?? "").includes("timeout")),
        annotations,
        "",
        "must set the controller's timeout, such as nginx.ingress.kubernetes.io/proxy-read-timeout",
      ),
  );
}

function isHostOf(tls: string, host: string): boolean {
  return tls === host || (tls.startsWith("*.") && host.slice(host.indexOf(".")) === tls.slice(1));
}

/** A plain listener is for redirects: routes that serve something there are refused where they are. */
function listener(one: View): readonly Problem[] {
  const protocol = one.string("protocol");
  if (protocol === "TCP") return [problem(one, "protocol", "must be HTTPS or TLS")];
  if (protocol !== "HTTPS" && protocol !== "TLS") return [];
  const passes = one.string("tls.mode") === "Passthrough";
  return [
    ...problemIf(
      !passes && one.list("tls.certificateRefs").length === 0 && one.entries("tls.options").length === 0,
      one,
      "tls.certificateRefs",
      "must name a certificate",
    ),
    ...one.entries("tls.options").flatMap(([, at]) => problemIf(oldVersion.test(at.string("") ?? ""), at, "", "must not name SSL, TLS 1.0 or TLS 1.1")),
  ];
}

function gatewayRoute(
  subject: KubeObject,
  view: View,
  stack: Stack,
  { plainListeners, strictTransport }: { readonly plainListeners: readonly string[]; readonly strictTransport: boolean },
): readonly Problem[] {
  const serving = view.list("spec.rules").filter((rule) => rule.list("backendRefs").length > 0);
  if (serving.length === 0) return [];
  return all(
    () => each(parentsOf(subject, view, stack), ({ ref, gateway }) => encrypted(ref, gateway, plainListeners)),
    () => (subject.is("HTTPRoute") ? each(serving, (rule) => httpRule(rule, strictTransport)) : []),
  );
}

function httpRule(rule: View, strictTransport: boolean): readonly Problem[] {
  const timeout = rule.string("timeouts.request") ?? rule.string("timeouts.backendRequest");
  return [
    ...problemIf(timeout === undefined || /^0+(h|m|s|ms)$/.test(timeout), rule, "timeouts.request", "must be a time, such as 600s"),
    ...problemIf(
      strictTransport && !rule.list("filters").some(sendsStrictTransport),
      rule,
      "filters",
      "must set the response header Strict-Transport-Security to max-age=SECONDS, for a day or longer",
    ),
  ];
}

/** Whether a reference is to encrypted listeners only. */
function encrypted(ref: View, gateway: KubeObject | undefined, plainListeners: readonly string[]): readonly Problem[] {
  const section = ref.string("sectionName");
  const port = ref.number("port");
  if (gateway === undefined)
    return problemIf((section === undefined && port === undefined) || port === 80 || plainListeners.includes(section ?? ""), ref, "sectionName", "must name the Gateway's listener for HTTPS"); // prettier-ignore
  const plain = gateway
    .view()
    .list("spec.listeners")
    .filter((one) => (section === undefined || one.string("name") === section) && (port === undefined || one.number("port") === port))
    .some((one) => one.string("protocol") === "HTTP");
  return problemIf(plain, ref, "sectionName", "must name the Gateway's listener for HTTPS");
}

function sendsStrictTransport(filter: View): boolean {
  const modifier = filter.view("responseHeaderModifier");
  return ["set", "add"].some((verb) =>
    modifier.list(verb).some((header) => header.string("name")?.toLowerCase() === "strict-transport-security" && isStrict(header.string("value"))),
  );
}
