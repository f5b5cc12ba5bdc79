/** The operator of Prometheus, one static program as in the upstream image. */
import { oneProgram } from "./oneProgram";

export const prometheusOperator = oneProgram({
  image: "prometheus-operator",
  program: "prometheus-operator",
  executable: "operator",
  path: "/bin/operator",
  user: "65534:65534",
});
