/** What writes Prometheus' configuration and rules beside it and tells it to read them again; of the operator's project, with its version. */
import { oneProgram } from "./oneProgram";

export const prometheusConfigReloader = oneProgram({
  image: "prometheus-config-reloader",
  program: "prometheus-operator",
  executable: "prometheus-config-reloader",
  path: "/bin/prometheus-config-reloader",
  user: "65534:65534",
});
