import { priorities } from "../../../stacks/priorities";
import { ownerOfObject, type Meta } from "../objects";
import { ok, problem, type Check, type Finding } from "../types";

interface PriorityClass {
  readonly metadata: Meta;
  readonly value: number;
}

export const priorityClasses: Check = {
  id: "priority-classes",
  title: "priority classes",
  async run(api, { config, owner }) {
    const { manage } = config.cluster;
    return Promise.all(
      Object.entries(priorities).map(async ([name, { value }]): Promise<Finding> => {
        const found = await api.get<PriorityClass>(`/apis/scheduling.k8s.io/v1/priorityclasses/${name}`);
        if (!found) {
          return manage
            ? ok(`${name}: not there yet; the stack makes it`)
            : problem(
                `${name}: not there`,
                `PriorityClass ${name} of ${value}, since cluster.manage is false`,
                "bring up the stack that manages this cluster first, or set cluster.manage to true",
              );
        }
        const whose = ownerOfObject(found);
        if (manage && whose !== owner) {
          return problem(
            `${name}: there already, ${whose === undefined ? "and of no stack" : `of stack ${whose}`}`,
            "a free name, since cluster.manage is true",
            whose === undefined
              ? `delete it if nothing uses it: kubectl delete priorityclass ${name}`
              : "set cluster.manage to false: one stack of a cluster manages it",
          );
        }
        return found.value === value
          ? ok(`${name}: ${value}`)
          : problem(
              `${name}: ${found.value}`,
              `${value}; a PriorityClass can't be changed`,
              "delete it and let the stack that manages the cluster make it again",
            );
      }),
    );
  },
};
