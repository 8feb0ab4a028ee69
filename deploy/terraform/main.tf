# Deploys a release of tokenmint: code and template in a bucket, the policy in a layer, and a CloudFormation stack.
# docs/terraform.md explains it.

locals {
  architecture = coalesce(var.architecture, "arm64")

  files = {
    mint     = "tokenmint-mint-${local.architecture}.zip"
    rotate   = "tokenmint-rotate-${local.architecture}.zip"
    template = "stack-${local.architecture}.yaml"
  }
}

data "aws_s3_bucket" "code" {
  bucket = var.bucket
}

# A key contains the digest of its content. So another content is another key, and the stack notices it.
resource "aws_s3_object" "release" {
  for_each = local.files

  bucket = var.bucket
  key    = "${var.key_prefix}${filesha256("${var.release}/${each.value}")}/${each.value}"
  source = "${var.release}/${each.value}"

  lifecycle {
    # An old object is deleted after the update of the stack. CloudFormation needs the object if it rolls back.
    create_before_destroy = true

    precondition {
      condition = contains(
        split("\n", file("${var.release}/SHA256SUMS")),
        "${filesha256("${var.release}/${each.value}")}  ${each.value}",
      )
      error_message = "${each.value} is not what SHA256SUMS of the release says."
    }
  }
}

# The mode is part of the zip, because Lambda reads the file as another user. The provider applies it to files only,
# so the policy is a file and no text.
data "archive_file" "policy" {
  type             = "zip"
  source_file      = var.policy
  output_path      = "${path.root}/.terraform/tokenmint-policy-${filesha256(var.policy)}.zip"
  output_file_mode = "0644"
}

# Another policy is another version of the layer. Old versions stay: a version of the mint that serves again needs its own.
resource "aws_lambda_layer_version" "policy" {
  layer_name          = "tokenmint-${coalesce(var.stage, "prod")}"
  description         = "Policy of tokenmint, as /opt/tokenmint.yaml"
  filename            = data.archive_file.policy.output_path
  source_code_hash    = data.archive_file.policy.output_base64sha256
  compatible_runtimes = ["provided.al2023"]
  skip_destroy        = true
}

resource "aws_cloudformation_stack" "tokenmint" {
  name         = var.name
  template_url = "https://${data.aws_s3_bucket.code.bucket_regional_domain_name}/${aws_s3_object.release["template"].key}"
  capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
  tags         = var.tags

  # A variable that is null is left out. The stack then takes the default of the template.
  parameters = merge(
    { for name, value in local.parameters : name => value if value != null },
    {
      Architecture   = local.architecture
      CodeBucket     = var.bucket
      MintCodeKey    = aws_s3_object.release["mint"].key
      RotateCodeKey  = aws_s3_object.release["rotate"].key
      PolicyLayerArn = aws_lambda_layer_version.policy.arn
    },
  )

  # A gradual deployment may take 100 minutes.
  timeouts {
    create = "60m"
    update = "180m"
    delete = "60m"
  }
}
