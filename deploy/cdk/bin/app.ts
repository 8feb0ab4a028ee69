import { App, CfnOutput, Stack } from "aws-cdk-lib";
import { Tokenmint } from "../lib/tokenmint";

const stack = new Stack(new App(), "tokenmint");
const tokenmint = new Tokenmint(stack, "Release", {
  release: "v0.1.0",
  policy: "tokenmint.yaml",
});
new CfnOutput(stack, "Variables", { value: tokenmint.output("Variables") });
