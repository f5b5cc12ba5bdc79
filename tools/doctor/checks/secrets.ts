import { neededSecrets } from "../../../stacks/gateway";
import type { Meta } from "../objects";
import { ok, problem, skipped, type Check } from "../types";

interface Secret {
  readonly metadata: Meta;
  readonly data?: Readonly<Record<string, string>>;
}

/** Secrets that pods read and the stack does not make. Of their content only the names of keys are looked at. */
export const secrets: Check = {
  id: "secrets",
  title: "secrets",
  async run(api, { config }) {
    const needed = neededSecrets(config);
    if (needed.length === 0) return [skipped("the stack makes all Secrets itself")];
    return Promise.all(
      needed.map(async ({ namespace, name, keys }) => {
        const secret = await api.get<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`);
        const missing = keys.filter((key) => secret?.data?.[key] === undefined);
        if (secret && missing.length === 0) return ok(`${namespace}/${name}`);
        const found = secret ? `${namespace}/${name} has no ${missing.join(", ")}` : `no Secret ${namespace}/${name}`;
        return problem(found, `a Secret with ${keys.join(", ")}: pods wait for it`, "make it: docs/gateway.md, under The database");
      }),
    );
  },
};
