// How a problem is worded is no decision: mutants of the message of problem(…), problemIf(…) and of `message:` are left out.
import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

/** Position of the message among the arguments. */
const messageAt = { problem: 2, problemIf: 3 };

const wording = {
  shouldIgnore(path) {
    const parent = path.parentPath;
    if (parent?.isCallExpression() && parent.node.callee.type === "Identifier") {
      const at = messageAt[parent.node.callee.name];
      if (at !== undefined && parent.node.arguments[at] === path.node) return "the wording of a problem";
    }
    if (parent?.isObjectProperty() && parent.node.key.type === "Identifier" && parent.node.key.name === "message" && parent.node.value === path.node)
      return "the wording of a problem";
    return undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "wording", wording)];
