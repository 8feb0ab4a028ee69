import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Parameters } from "../lib/parameters";
import { Tokenmint, type TokenmintProps } from "../lib/tokenmint";

const root = join(__dirname, "../../../..");
const layer = "AWS::Lambda::LayerVersion";
const nested = "AWS::CloudFormation::Stack";

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A folder with a release, whose zips are no zips, and a policy that only its owner may read. */
function files(architecture = "arm64"): { release: string; policy: string } {
  const release = mkdtempSync(join(tmpdir(), "release-"));
  let sums = "";
  for (const name of ["tokenmint-mint-A.zip", "tokenmint-rotate-A.zip", "stack-A.yaml"]) {
    const file = name.replace("A", architecture);
    writeFileSync(join(release, file), file);
    sums += `${digest(file)}  ${file}\n`;
  }
  writeFileSync(join(release, "SHA256SUMS"), sums);
  const policy = join(mkdtempSync(join(tmpdir(), "policy-")), "tokenmint.yaml");
  writeFileSync(policy, readFileSync(join(root, "config/tokenmint.yaml")), { mode: 0o600 });
  return { release, policy };
}

function synthesize(props: TokenmintProps): { template: Template; outdir: string } {
  const app = new App({ outdir: mkdtempSync(join(tmpdir(), "cdk-")), analyticsReporting: false });
  const stack = new Stack(app, "tokenmint");
  new Tokenmint(stack, "Release", props);
  return { template: Template.fromStack(stack), outdir: app.synth().directory };
}

/** The properties of the only resource of a type. */
function only(template: Template, type: string): any {
  const all = Object.values(template.findResources(type));
  assert.equal(all.length, 1, type);
  return all[0].Properties;
}

test("the stack is nested, with code and policy as assets", () => {
  const { template } = synthesize(files());
  template.hasResource(nested, {
    Properties: {
      TemplateURL: { "Fn::Sub": Match.stringLikeRegexp("^https://s3\\..*/[0-9a-f]{64}\\.yaml$") },
      Parameters: {
        Architecture: "arm64",
        CodeBucket: { "Fn::Sub": Match.anyValue() },
        MintCodeKey: Match.stringLikeRegexp("^[0-9a-f]{64}\\.zip$"),
        RotateCodeKey: Match.stringLikeRegexp("^[0-9a-f]{64}\\.zip$"),
        PolicyLayerArn: { Ref: Match.stringLikeRegexp("^ReleasePolicy") },
      },
    },
  });
  template.hasResource(layer, {
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: { LayerName: "tokenmint-prod", CompatibleRuntimes: ["provided.al2023"] },
  });
  assert.equal(Object.keys(only(template, nested).Parameters).length, 5);
});

test("the layer has the policy alone, readable for all", () => {
  const { outdir } = synthesize(files());
  const folders = readdirSync(outdir).filter((name) => statSync(join(outdir, name)).isDirectory());
  assert.equal(folders.length, 1);
  assert.deepEqual(readdirSync(join(outdir, folders[0])), ["tokenmint.yaml"]);
  assert.equal(statSync(join(outdir, folders[0], "tokenmint.yaml")).mode & 0o777, 0o644);
});

test("another policy is another layer, and another mint is another key", () => {
  const given = files();
  const before = synthesize(given).template;
  assert.deepEqual(synthesize(given).template.toJSON(), before.toJSON(), "the same files, the same stack");

  writeFileSync(given.policy, readFileSync(given.policy, "utf8") + "# another rule\n");
  const after = synthesize(given).template;
  assert.notEqual(only(after, layer).Content.S3Key, only(before, layer).Content.S3Key);
  assert.deepEqual(only(after, nested), only(before, nested), "the reference to the layer gives another ARN");

  const mint = "tokenmint-mint-arm64.zip";
  const sums = join(given.release, "SHA256SUMS");
  writeFileSync(join(given.release, mint), "another mint");
  writeFileSync(sums, readFileSync(sums, "utf8").replace(digest(mint), digest("another mint")));
  const changed = only(synthesize(given).template, nested).Parameters;
  assert.notEqual(changed.MintCodeKey, only(before, nested).Parameters.MintCodeKey);
});

test("parameters are typed, and those that are left out are not passed", () => {
  const parameters: Parameters = {
    stage: "dev",
    architecture: "x86_64",
    jwtAudience: ["maps", "tiles"],
    jwtRequestsPerSecond: 30,
    createDashboard: true,
    logLevel: undefined,
  };
  const { template } = synthesize({ ...files("x86_64"), ...parameters });
  const { CodeBucket, MintCodeKey, RotateCodeKey, PolicyLayerArn, ...others } = only(template, nested).Parameters;
  assert.deepEqual(others, {
    Stage: "dev",
    Architecture: "x86_64",
    JwtAudience: "maps,tiles",
    JwtRequestsPerSecond: "30",
    CreateDashboard: "true",
  });
  assert.equal(only(template, layer).LayerName, "tokenmint-dev");
  // @ts-expect-error a misspelt parameter
  ({ jwtAudiense: [] }) satisfies Parameters;
  // @ts-expect-error a value that the template refuses
  ({ architecture: "arm" }) satisfies Parameters;
});

test("a file that is not of the release, and a policy of another name, are refused", () => {
  const { release, policy } = files();
  writeFileSync(join(release, "stack-arm64.yaml"), "edited");
  assert.throws(() => synthesize({ release, policy }), /is not what SHA256SUMS of the release says/);
  const other = join(release, "policy.yaml");
  copyFileSync(policy, other);
  assert.throws(() => synthesize({ ...files(), policy: other }), /a file of the name tokenmint.yaml/);
});

test("CfnInclude of the template fails", () => {
  const include = (allowCyclicalReferences: boolean) => () => {
    const templateFile = join(root, "template.yaml");
    return new CfnInclude(new Stack(new App(), "included"), "All", { templateFile, allowCyclicalReferences });
  };
  assert.throws(include(false), /Found a cycle between resources/);
  assert.throws(include(true), /depends on 'MintFunctionAliaslive' that doesn't exist/);
});
