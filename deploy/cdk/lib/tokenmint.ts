import { CfnStack, RemovalPolicy } from "aws-cdk-lib";
import { Code, LayerVersion, Runtime } from "aws-cdk-lib/aws-lambda";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { Construct } from "constructs";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Output, Parameters } from "./parameters";

export interface TokenmintProps extends Parameters {
  /** Folder with the files of a release: SHA256SUMS, the stack template and the zips of one processor. */
  readonly release: string;
  /** Path of the policy: who may have what. */
  readonly policy: string;
}

/**
 * A release of tokenmint, as a nested stack.
 *
 * CfnInclude reads the template as it is before SAM's transform. It fails: resources refer to each other in a cycle,
 * and to an alias, which the transform makes. So the template stays whole, and CloudFormation transforms it.
 */
export class Tokenmint extends Construct {
  readonly stack: CfnStack;

  constructor(scope: Construct, id: string, props: TokenmintProps) {
    super(scope, id);
    const { release, policy, ...parameters } = props;
    const architecture = parameters.architecture ?? "arm64";
    const mint = this.file("Mint", release, `tokenmint-mint-${architecture}.zip`);
    const rotate = this.file("Rotate", release, `tokenmint-rotate-${architecture}.zip`);
    const template = this.file("Template", release, `stack-${architecture}.yaml`);
    const layer = new LayerVersion(this, "Policy", {
      layerVersionName: `tokenmint-${parameters.stage ?? "prod"}`,
      description: "Policy of tokenmint, as /opt/tokenmint.yaml",
      compatibleRuntimes: [Runtime.PROVIDED_AL2023],
      code: Code.fromAsset(folder(policy)),
      // A version of the mint that serves again needs its own policy.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.stack = new CfnStack(this, "Stack", {
      templateUrl: template.httpUrl,
      parameters: {
        ...named({ ...parameters, architecture }),
        CodeBucket: mint.s3BucketName,
        MintCodeKey: mint.s3ObjectKey,
        RotateCodeKey: rotate.s3ObjectKey,
        PolicyLayerArn: layer.layerVersionArn,
      },
    });
  }

  /** An output of the stack. The deployment fails if the stack does not have it. */
  output(name: Output): string {
    return this.stack.getAtt(`Outputs.${name}`).toString();
  }

  /** A file of the release, which must be what SHA256SUMS says. */
  private file(id: string, release: string, name: string): Asset {
    const path = join(release, name);
    const digest = createHash("sha256").update(readFileSync(path)).digest("hex");
    const sums = readFileSync(join(release, "SHA256SUMS"), "utf8").split("\n");
    if (!sums.includes(`${digest}  ${name}`)) {
      throw new Error(`${path} is not what SHA256SUMS of the release says`);
    }
    return new Asset(this, id, { path });
  }
}

/** A folder with the policy alone, readable for all: Lambda reads it as another user. */
function folder(policy: string): string {
  if (basename(policy) !== "tokenmint.yaml") {
    throw new Error(`${policy}: the functions read a file of the name tokenmint.yaml`);
  }
  const dir = mkdtempSync(join(tmpdir(), "tokenmint-"));
  const copy = join(dir, "tokenmint.yaml");
  copyFileSync(policy, copy);
  chmodSync(copy, 0o644);
  return dir;
}

/** The parameters as CloudFormation has them: JwtIssuer for jwtIssuer, and texts alone. */
function named(parameters: Parameters): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) {
      texts[name[0].toUpperCase() + name.slice(1)] = Array.isArray(value) ? value.join(",") : String(value);
    }
  }
  return texts;
}
