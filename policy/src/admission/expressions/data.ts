/** Secrets in pods, and origins of pages, in CEL. */
import { eachContainer, listed, texts, type RuleOf } from "../rule";

export const dataRules: Readonly<Record<string, RuleOf>> = {
  "secrets-as-files": ({ parameters }) => ({
    on: "pods",
    validations: [
      eachContainer(
        `c.?env.orValue([]).all(e, !e.?valueFrom.?secretKeyRef.hasValue() || e.name in ${listed(texts(parameters.allowed))})`,
        "env must not have a secretKeyRef: mount the Secret as a file",
      ),
      eachContainer("c.?envFrom.orValue([]).all(e, !e.?secretRef.hasValue())", "envFrom must not have a secretRef: mount the Secret as files"),
    ],
  }),
};
