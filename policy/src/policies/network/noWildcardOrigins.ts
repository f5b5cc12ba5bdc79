/** Pages of others can't use a user's session. */
import { all, each } from "../../each";
import type { KubeObject } from "../../objects";
import { podsOf, type Container } from "../../pods";
import { objectPolicy, problemIf, type Problem } from "../../policy";
import type { View } from "../../values";
import { annotationsOf, filtersOf, gatewayApi, ingressKind, routeKind } from "./exposures";

const header = "access-control-allow-origin";
const flag = /^--(cors-)?allow(ed)?-origins?(?:=(.*))?$/;
const message = "must list the origins, not *";

export const noWildcardOrigins = objectPolicy({
  number: 36,
  name: "no-wildcard-origins",
  title: "no server lets pages of every origin in",
  why: "With * any page that a user opens may ask the server in the user's name, from inside the company's network, and read what it answers.",
  fix: "list the origins of the pages that are meant to use it",
  group: "network",
  severity: "medium",
  controls: { nist: ["SC-7"] },
  parameters: {
    variables: {
      type: "strings",
      description: "environment variables that list origins",
      default: ["ALLOWED_ORIGINS", "CORS_ALLOWED_ORIGINS", "CORS_ALLOW_ORIGIN", "CORS_ALLOW_ORIGINS", "CORS_ORIGINS", "OLLAMA_ORIGINS"],
    },
  },
  applies: (_, __, object) => object.is(...[...readers.keys()]) || podsOf(object).length > 0,
  check: (view, { parameters }, object) => {
    const read = [...readers].find(([kind]) => object.is(kind))?.[1];
    return read === undefined
      ? each(podsOf(object), (pod) => each(pod.containers(), (one) => container(one, parameters.variables)))
      : read(view, parameters.variables, object);
  },
});

/** What says who may come, by the kind that says it. */
const readers = new Map<string, (view: View, variables: readonly string[], object: KubeObject) => readonly Problem[]>([
  ["/ConfigMap", (view, variables) => each(variables, (name) => wildcard(view.view("data").at(name)))],
  [ingressKind, ingress],
  [routeKind, (view) => each(view.list("spec.httpHeaders.actions.response"), (one) => (isHeader(one) ? wildcard(one.view("action.set.value")) : []))],
  [`${gatewayApi}/HTTPRoute`, (view) => each(filtersOf(view), filter)],
  ["traefik.io/Middleware", (view) => origins(view, "spec.headers.accessControlAllowOriginList")],
  ["gateway.envoyproxy.io/SecurityPolicy", (view) => origins(view, "spec.cors.allowOrigins")],
]);

function container({ view }: Container, variables: readonly string[]): readonly Problem[] {
  const env = view.list("env");
  return all(
    () => each(env, (one) => (variables.includes(one.string("name") ?? "") ? wildcard(one.view("value")) : [])),
    () => each(["command", "args"], (list) => flags(view.list(list))),
    // Open WebUI takes * where it is told nothing. What comes from elsewhere is not seen here.
    () =>
      problemIf(
        /(^|\/)open-webui([:@]|$)/.test(view.string("image") ?? "") &&
          view.list("envFrom").length === 0 &&
          !env.some((one) => one.string("name") === "CORS_ALLOW_ORIGIN"),
        view,
        "env",
        "must set CORS_ALLOW_ORIGIN, which is * by default",
      ),
  );
}

/** `--allowed-origins=*`, or the same in two arguments. */
function flags(args: readonly View[]): readonly Problem[] {
  return args.flatMap((arg, i) => {
    const match = flag.exec(arg.string("") ?? "");
    if (match === null) return [];
    const next = args[i + 1];
    return match[3] === undefined ? (next === undefined ? [] : wildcard(next)) : problemIf(hasWildcard(match[3]), arg, "", message);
  });
}

function ingress(view: View): readonly Problem[] {
  const annotations = annotationsOf(view);
  const nginx = "nginx.ingress.kubernetes.io";
  const allowed = annotations.at(`${nginx}/cors-allow-origin`);
  return allowed.string("") === undefined
    ? problemIf(annotations.at(`${nginx}/enable-cors`).string("") === "true", allowed, "", "must list the origins: without it, all may come")
    : wildcard(allowed);
}

function filter(one: View): readonly Problem[] {
  return all(
    () => origins(one, "cors.allowOrigins"),
    () => each(["set", "add"], (verb) => one.list(`responseHeaderModifier.${verb}`).flatMap((each) => (isHeader(each) ? wildcard(each.view("value")) : []))),
  );
}

function isHeader(one: View): boolean {
  return one.string("name")?.toLowerCase() === header;
}

function origins(view: View, path: string): readonly Problem[] {
  return each(view.list(path), wildcard);
}

function wildcard(at: View): readonly Problem[] {
  return problemIf(hasWildcard(at.string("") ?? ""), at, "", message);
}

/** Whether a list, however it is separated or quoted, has an entry for all origins: `*`, `https://*`. One for all hosts of a domain is none. */
function hasWildcard(list: string): boolean {
  return list.split(/[\s,;|"'[\]]+/).some((origin) => /^([a-z]+:\/\/)?\*(:(\d+|\*))?$/.test(origin));
}
