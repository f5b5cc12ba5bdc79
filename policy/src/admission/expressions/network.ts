/** What is reachable from outside, in CEL. */
import { eachContainer, holds, listed, texts, type Resources, type RuleOf } from "../rule";

const services: readonly Resources[] = [{ group: "", version: "v1", resources: ["services"] }];

export const networkRules: Readonly<Record<string, RuleOf>> = {
  "no-direct-exposure": () => ({
    on: services,
    validations: [
      holds("!(object.spec.?type.orValue('ClusterIP') in ['NodePort', 'LoadBalancer'])", "spec.type must be ClusterIP"),
      holds("size(object.spec.?externalIPs.orValue([])) == 0", "spec.externalIPs must be empty"),
    ],
  }),

  "no-wildcard-origins": ({ parameters }) => ({
    on: "pods",
    validations: [
      eachContainer(
        // An entry of a list, however it is separated or quoted, that is `*`, with or without a scheme and a port.
        `c.?env.orValue([]).all(e, !(e.name in ${listed(texts(parameters.variables))}) || !e.?value.orValue('').matches('(^|[\\\\s,;|"\\'\\\\[\\\\]])([a-z]+://)?[*](:([0-9]+|[*]))?($|[\\\\s,;|"\\'\\\\[\\\\]])'))`,
        "env must list the origins, not *",
      ),
    ],
    partly: "origins in arguments, ConfigMaps, headers of Routes and annotations of Ingresses",
  }),
};
