/** What is reachable from outside, and from whose pages, in CEL. */
import { eachContainer, holds, listed, quoted, texts, type Resources, type RuleOf } from "../rule";

const services: readonly Resources[] = [{ group: "", version: "v1", resources: ["services"] }];

/** An entry for all origins in a list, however it is separated or quoted: `*`, with or without a scheme and a port. */
const separators = "[\\s,;|\"'\\[\\]]";
const wildcard = quoted(`(^|${separators})([a-z]+://)?[*](:([0-9]+|[*]))?($|${separators})`);

const nginx = (key: string) => `dyn(object).metadata.?annotations[?${quoted(`nginx.ingress.kubernetes.io/${key}`)}]`;

export const networkRules: Readonly<Record<string, RuleOf>> = {
  "no-direct-exposure": () => ({
    on: services,
    validations: [
      holds("!(object.spec.?type.orValue('ClusterIP') in ['NodePort', 'LoadBalancer'])", "spec.type must be ClusterIP"),
      holds("size(object.spec.?externalIPs.orValue([])) == 0", "spec.externalIPs must be empty"),
    ],
  }),

  "no-wildcard-origins": ({ parameters }) => {
    const variables = listed(texts(parameters.variables));
    return {
      on: "pods",
      also: [
        { group: "", version: "v1", resources: ["configmaps"] },
        { group: "networking.k8s.io", version: "v1", resources: ["ingresses"] },
      ],
      reads: ["metadata.?annotations", "data"],
      validations: [
        eachContainer(`c.?env.orValue([]).all(e, !(e.name in ${variables}) || !e.?value.orValue('').matches(${wildcard}))`, "env must list the origins, not *"),
        eachContainer(
          "!c.?image.orValue('').matches('(^|/)open-webui([:@]|$)') || size(c.?envFrom.orValue([])) > 0 || c.?env.orValue([]).exists(e, e.name == 'CORS_ALLOW_ORIGIN')",
          "env must set CORS_ALLOW_ORIGIN, which is * by default",
        ),
        holds(
          `object.kind != 'ConfigMap' || ${variables}.all(v, !dyn(object).?data[?v].orValue('').matches(${wildcard}))`,
          "data must list the origins, not *",
        ),
        holds(
          `object.kind != 'Ingress' || (!${nginx("cors-allow-origin")}.orValue('').matches(${wildcard}) && (${nginx("cors-allow-origin")}.hasValue() || ${nginx("enable-cors")}.orValue('') != 'true'))`,
          "the annotation nginx.ingress.kubernetes.io/cors-allow-origin must list the origins, not *",
        ),
      ],
      partly: "origins in the arguments of servers, in Routes, HTTPRoutes and what stands beside them",
    };
  },
};
