# This file follows from template.yaml: go test ./test/deploy -update
# An output that the stack does not have is null.

output "mint_url" {
  description = "Origin of the mint"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "MintUrl", null)
}

output "iam_url" {
  description = "For callers who sign with IAM. POST here"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "IamUrl", null)
}

output "jwt_url" {
  description = "For callers with a JWT. POST here"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "JwtUrl", null)
}

output "custom_url" {
  description = "For callers whom your authorizer lets in. POST here"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "CustomUrl", null)
}

output "public_url" {
  description = "For public web pages. Add the name of a profile, and GET it"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "PublicUrl", null)
}

output "domain_target" {
  description = "Point the domain name here, with a CNAME or an alias record"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "DomainTarget", null)
}

output "parent_secret_arn" {
  description = "Secret that holds the parent token"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "ParentSecretArn", null)
}

output "variables" {
  description = "Where everything is, for the command tokenmint and for docs/deploy.md. It has no secret; load it with eval"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "Variables", null)
}

output "next_put_parent" {
  description = "First: asks for the parent token without showing it, checks it with Mapbox, stores it. Shell history and process list do not have it"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "NextPutParent", null)
}

output "next_rotate" {
  description = "Second: one run of the rotation, which replaces the pasted token"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "NextRotate", null)
}

output "next_mint" {
  description = "Third: ask for a token, as an IAM caller whom a profile allows"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "NextMint", null)
}

output "invoke_arn" {
  description = "Resource of the action execute-api:Invoke in the policy of a caller who signs with IAM"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "InvokeArn", null)
}

output "dashboard_url" {
  description = "Dashboard that an operator looks at first"
  value       = lookup(aws_cloudformation_stack.tokenmint.outputs, "DashboardUrl", null)
}
