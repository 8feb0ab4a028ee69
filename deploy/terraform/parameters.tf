# This file follows from template.yaml: go test ./test/deploy -update
# A variable that is null is not passed, so that the stack takes the default.

variable "stage" {
  description = "Name of this deployment in logs, metrics and alarms. Two stacks in one account and region need two stages. Default: prod"
  type        = string
  default     = null

  validation {
    condition     = var.stage == null ? true : can(regex("^(?:[a-z][a-z0-9-]{0,15})$", var.stage))
    error_message = "Stage: at most 16 lower-case letters, digits and hyphens, the first one a letter."
  }
}

variable "architecture" {
  description = "Processor of both functions. Default: arm64"
  type        = string
  default     = null

  validation {
    condition     = var.architecture == null ? true : contains(["arm64", "x86_64"], var.architecture)
    error_message = "Architecture: one of arm64, x86_64."
  }
}

variable "log_level" {
  description = "Least level of the functions' log lines. Metrics are written at every level. Default: INFO"
  type        = string
  default     = null

  validation {
    condition     = var.log_level == null ? true : contains(["DEBUG", "INFO", "WARN", "ERROR"], var.log_level)
    error_message = "LogLevel: one of DEBUG, INFO, WARN, ERROR."
  }
}

variable "log_retention_days" {
  description = "Days that audit records, rotations and the API's access log are kept. Default: 90"
  type        = number
  default     = null

  validation {
    condition     = var.log_retention_days == null ? true : contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "LogRetentionDays: one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "permissions_boundary_arn" {
  description = "Managed policy that limits every role of this stack; empty for none"
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^(?:|arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+)$", var.permissions_boundary_arn))
    error_message = "PermissionsBoundaryArn: empty, or the ARN of a managed policy."
  }
}

variable "deployment_type" {
  description = "How a new version of the mint takes over. Its own faults undo a gradual deployment. AllAtOnce ignores all alarms. Default: Canary10Percent5Minutes"
  type        = string
  default     = null

  validation {
    condition     = var.deployment_type == null ? true : contains(["AllAtOnce", "Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes", "Canary10Percent30Minutes", "Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes", "Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes"], var.deployment_type)
    error_message = "DeploymentType: one of AllAtOnce, Canary10Percent5Minutes, Canary10Percent10Minutes, Canary10Percent15Minutes, Canary10Percent30Minutes, Linear10PercentEvery1Minute, Linear10PercentEvery2Minutes, Linear10PercentEvery3Minutes, Linear10PercentEvery10Minutes."
  }
}

variable "jwt_issuer" {
  description = "Issuer of the callers' JWTs. Needs an audience; empty for no route for JWTs"
  type        = string
  default     = null

  validation {
    condition     = var.jwt_issuer == null ? true : can(regex("^(?:|https://[^\\s?#@]+)$", var.jwt_issuer))
    error_message = "JwtIssuer: empty, or an https address."
  }
}

variable "jwt_audience" {
  description = "Audiences that a caller's JWT may name, separated by commas. Needs an issuer"
  type        = list(string)
  default     = null

  validation {
    condition     = var.jwt_audience == null ? true : can(regex("^(?:|[^\\s,]+(,[^\\s,]+)*)$", join(",", var.jwt_audience)))
    error_message = "JwtAudience: empty, or audiences with commas and no blanks between them."
  }
}

variable "jwt_requests_per_second" {
  description = "Requests a second that each route for JWTs accepts, and as many at once. The rest gets 429. Default: 200"
  type        = number
  default     = null

  validation {
    condition     = var.jwt_requests_per_second == null ? true : var.jwt_requests_per_second >= 1
    error_message = "JwtRequestsPerSecond: at least 1."
  }

  validation {
    condition     = var.jwt_requests_per_second == null ? true : var.jwt_requests_per_second <= 10000
    error_message = "JwtRequestsPerSecond: at most 10000."
  }
}

variable "authorizer_function_arn" {
  description = "Your Lambda authorizer (payload format 2.0, simple responses); empty for no custom route"
  type        = string
  default     = null

  validation {
    condition     = var.authorizer_function_arn == null ? true : can(regex("^(?:|arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?)$", var.authorizer_function_arn))
    error_message = "AuthorizerFunctionArn: empty, or the ARN of a function, of a version or of an alias."
  }
}

variable "authorizer_identity_sources" {
  description = "What a request of the custom route must have, else API Gateway answers 401. The authorizer's cache uses these values as its key. Default: $request.header.Authorization"
  type        = list(string)
  default     = null

  validation {
    condition     = var.authorizer_identity_sources == null ? true : can(regex("^(?:\\$request\\.(header|querystring)\\.[A-Za-z0-9_-]+(,\\$request\\.(header|querystring)\\.[A-Za-z0-9_-]+)*)$", join(",", var.authorizer_identity_sources)))
    error_message = "AuthorizerIdentitySources: expressions such as $request.header.Cookie, separated by commas, without blanks."
  }
}

variable "authorizer_cache_seconds" {
  description = "Seconds that API Gateway keeps an answer of the authorizer, for requests with the same identity sources; 0 to ask for each request. Default: 0"
  type        = number
  default     = null

  validation {
    condition     = var.authorizer_cache_seconds == null ? true : var.authorizer_cache_seconds >= 0
    error_message = "AuthorizerCacheSeconds: at least 0."
  }

  validation {
    condition     = var.authorizer_cache_seconds == null ? true : var.authorizer_cache_seconds <= 3600
    error_message = "AuthorizerCacheSeconds: at most 3600."
  }
}

variable "custom_requests_per_second" {
  description = "Requests a second that each custom route accepts, and as many at once. The rest gets 429. Default: 200"
  type        = number
  default     = null

  validation {
    condition     = var.custom_requests_per_second == null ? true : var.custom_requests_per_second >= 1
    error_message = "CustomRequestsPerSecond: at least 1."
  }

  validation {
    condition     = var.custom_requests_per_second == null ? true : var.custom_requests_per_second <= 10000
    error_message = "CustomRequestsPerSecond: at most 10000."
  }
}

variable "public_origins" {
  description = "Origins of public web pages. Opens the route without authorization, for profiles with anyone; empty for no such route"
  type        = list(string)
  default     = null

  validation {
    condition     = var.public_origins == null ? true : alltrue([for item in var.public_origins : can(regex("^(?:|https?://[^\\s*/?#@,]+)$", item))])
    error_message = "PublicOrigins: empty, or origins such as https://maps.example.com, divided by commas."
  }
}

variable "public_requests_per_second" {
  description = "Requests a second that the public route accepts, and as many at once. The rest gets 429. Default: 200"
  type        = number
  default     = null

  validation {
    condition     = var.public_requests_per_second == null ? true : var.public_requests_per_second >= 1
    error_message = "PublicRequestsPerSecond: at least 1."
  }

  validation {
    condition     = var.public_requests_per_second == null ? true : var.public_requests_per_second <= 10000
    error_message = "PublicRequestsPerSecond: at most 10000."
  }
}

variable "allowed_origins" {
  description = "Further web origins that may call from a browser (CORS), besides PublicOrigins; empty for none"
  type        = list(string)
  default     = null

  validation {
    condition     = var.allowed_origins == null ? true : alltrue([for item in var.allowed_origins : can(regex("^(?:|https?://[^\\s*/?#@,]+)$", item))])
    error_message = "AllowedOrigins: empty, or origins such as https://maps.example.com, divided by commas."
  }
}

variable "domain_name" {
  description = "Domain name of the API; empty for API Gateway's own. Needs a certificate"
  type        = string
  default     = null

  validation {
    condition     = var.domain_name == null ? true : can(regex("^(?:|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63})$", var.domain_name))
    error_message = "DomainName: empty, or a domain name in lower case."
  }
}

variable "certificate_arn" {
  description = "Certificate of the domain name, in this region"
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null ? true : can(regex("^(?:|arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+)$", var.certificate_arn))
    error_message = "CertificateArn: empty, or the ARN of an ACM certificate."
  }
}

variable "requests_per_second" {
  description = "Requests a second that each route for IAM accepts, and as many at once. The rest gets 429. Default: 200"
  type        = number
  default     = null

  validation {
    condition     = var.requests_per_second == null ? true : var.requests_per_second >= 1
    error_message = "RequestsPerSecond: at least 1."
  }

  validation {
    condition     = var.requests_per_second == null ? true : var.requests_per_second <= 10000
    error_message = "RequestsPerSecond: at most 10000."
  }
}

variable "mint_concurrency" {
  description = "Instances reserved for the mint, and its maximum. Without the table each mints its share by this number. 0 reserves none, which the quota of a new account requires. Default: 0"
  type        = number
  default     = null

  validation {
    condition     = var.mint_concurrency == null ? true : var.mint_concurrency >= 0
    error_message = "MintConcurrency: at least 0."
  }

  validation {
    condition     = var.mint_concurrency == null ? true : var.mint_concurrency <= 10000
    error_message = "MintConcurrency: at most 10000."
  }
}

variable "parent_secret_arn" {
  description = "Existing secret that holds the parent token. If empty, the stack creates one"
  type        = string
  default     = null

  validation {
    condition     = var.parent_secret_arn == null ? true : can(regex("^(?:|arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6})$", var.parent_secret_arn))
    error_message = "ParentSecretArn: empty, or the whole ARN of a secret, as `aws secretsmanager describe-secret` shows it; at most 160 characters."
  }

  validation {
    condition     = var.parent_secret_arn == null ? true : length(var.parent_secret_arn) <= 160
    error_message = "ParentSecretArn: at most 160 characters."
  }
}

variable "previous_parent_secret_arn" {
  description = "Secret that the version before reads. Set it together with a new ParentSecretArn; empty it three hours later. Rotation waits for that"
  type        = string
  default     = null

  validation {
    condition     = var.previous_parent_secret_arn == null ? true : can(regex("^(?:|arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6})$", var.previous_parent_secret_arn))
    error_message = "PreviousParentSecretArn: empty, or the whole ARN of a secret, as `aws secretsmanager describe-secret` shows it; at most 160 characters."
  }

  validation {
    condition     = var.previous_parent_secret_arn == null ? true : length(var.previous_parent_secret_arn) <= 160
    error_message = "PreviousParentSecretArn: at most 160 characters."
  }
}

variable "kms_key_arn" {
  description = "Customer managed key of the secrets, the table, the queue, the log groups and the functions' variables; empty for AWS's own keys"
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^(?:|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)$", var.kms_key_arn))
    error_message = "KmsKeyArn: empty, or the ARN of a key (not of an alias)."
  }
}

variable "previous_kms_key_arn" {
  description = "Key that older versions of the secrets are encrypted with. Set it together with a new KmsKeyArn; empty it after a day"
  type        = string
  default     = null

  validation {
    condition     = var.previous_kms_key_arn == null ? true : can(regex("^(?:|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)$", var.previous_kms_key_arn))
    error_message = "PreviousKmsKeyArn: empty, or the ARN of a key (not of an alias)."
  }
}

variable "subnet_ids" {
  description = "Private subnets that both functions run in, separated by commas. They need a way to Mapbox. Needs security groups; empty for no VPC"
  type        = list(string)
  default     = null

  validation {
    condition     = var.subnet_ids == null ? true : can(regex("^(?:|subnet-[0-9a-f]{8,17}(,subnet-[0-9a-f]{8,17})*)$", join(",", var.subnet_ids)))
    error_message = "SubnetIds: empty, or ids of subnets with commas and no blanks between them."
  }
}

variable "security_group_ids" {
  description = "Security groups of both functions, separated by commas. They must let port 443 out and nothing in. Needs subnets"
  type        = list(string)
  default     = null

  validation {
    condition     = var.security_group_ids == null ? true : can(regex("^(?:|sg-[0-9a-f]{8,17}(,sg-[0-9a-f]{8,17})*)$", join(",", var.security_group_ids)))
    error_message = "SecurityGroupIds: empty, or ids of security groups with commas and no blanks between them."
  }
}

variable "https_proxy" {
  description = "Proxy that both functions reach Mapbox and AWS through; empty for none"
  type        = string
  default     = null

  validation {
    condition     = var.https_proxy == null ? true : can(regex("^(?:|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)$", var.https_proxy))
    error_message = "HttpsProxy: empty, or the origin of a proxy such as http://proxy.example.com:3128, without a user."
  }
}

variable "no_proxy" {
  description = "Hosts that the functions reach without the proxy, separated by commas"
  type        = list(string)
  default     = null

  validation {
    condition     = var.no_proxy == null ? true : can(regex("^(?:|[A-Za-z0-9./:-]+(,[A-Za-z0-9./:-]+)*)$", join(",", var.no_proxy)))
    error_message = "NoProxy: empty, or hosts, domains such as .amazonaws.com and CIDR blocks, with commas and no blanks between them."
  }
}

variable "schedule" {
  description = "Heartbeat of the rotation. Whether a token is due is read from its secret; keep this well below rotate_every. Default: rate(1 hour)"
  type        = string
  default     = null

  validation {
    condition     = var.schedule == null ? true : can(regex("^(?:rate\\([1-9][0-9]* (minutes?|hours?|days?)\\)|cron\\([^()]+\\))$", var.schedule))
    error_message = "Schedule: rate(...) or cron(...)."
  }
}

variable "native_rotation_schedule" {
  description = "Secrets Manager's own rotation of the parent, at least 4 hours apart; empty for off. Switch it on once the secret holds a token"
  type        = string
  default     = null

  validation {
    condition     = var.native_rotation_schedule == null ? true : can(regex("^(?:|rate\\([1-9][0-9]* (hours?|days?)\\)|cron\\([^()]+\\))$", var.native_rotation_schedule))
    error_message = "NativeRotationSchedule: empty, rate(...) or cron(...)."
  }
}

variable "reserve_rotator" {
  description = "One rotator at a time (reserves one instance). Takes a quota of 101 concurrent executions or more; a new account may have 10. Default: false"
  type        = bool
  default     = null
}

variable "alarm_topic_arn" {
  description = "Topic that alarms are sent to; empty for none"
  type        = string
  default     = null

  validation {
    condition     = var.alarm_topic_arn == null ? true : can(regex("^(?:|arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+)$", var.alarm_topic_arn))
    error_message = "AlarmTopicArn: empty, or the ARN of an SNS topic."
  }
}

variable "denials_per_five_minutes" {
  description = "Refused requests (403) in five minutes that raise the alarm. Default: 50"
  type        = number
  default     = null

  validation {
    condition     = var.denials_per_five_minutes == null ? true : var.denials_per_five_minutes >= 1
    error_message = "DenialsPerFiveMinutes: at least 1."
  }
}

variable "rotation_alarm_hours" {
  description = "Hours without a successful run of the rotation that raise the alarm; at least twice the schedule's interval. Default: 3"
  type        = number
  default     = null

  validation {
    condition     = var.rotation_alarm_hours == null ? true : var.rotation_alarm_hours >= 2
    error_message = "RotationAlarmHours: at least 2."
  }

  validation {
    condition     = var.rotation_alarm_hours == null ? true : var.rotation_alarm_hours <= 168
    error_message = "RotationAlarmHours: at most 168."
  }
}

variable "parent_age_alarm_days" {
  description = "Age of the parent token that raises the alarm; above rotate_every of config/tokenmint.yaml. Default: 32"
  type        = number
  default     = null

  validation {
    condition     = var.parent_age_alarm_days == null ? true : var.parent_age_alarm_days >= 1
    error_message = "ParentAgeAlarmDays: at least 1."
  }
}

variable "create_dashboard" {
  description = "Whether the stack has a dashboard, which costs 3 dollars a month. The alarms and the saved queries need none. Default: false"
  type        = bool
  default     = null
}

variable "tokens_api_url" {
  description = "Origin of the Tokens API. Default: https://api.mapbox.com"
  type        = string
  default     = null

  validation {
    condition     = var.tokens_api_url == null ? true : can(regex("^(?:https?://[^/?#@]+)$", var.tokens_api_url))
    error_message = "TokensApiUrl: must match https?://[^/?#@]+."
  }

  validation {
    condition     = var.tokens_api_url == null ? true : length(var.tokens_api_url) <= 42
    error_message = "TokensApiUrl: at most 42 characters."
  }
}

variable "secrets_manager_endpoint" {
  description = "Another endpoint of Secrets Manager, for sam local; empty on AWS"
  type        = string
  default     = null
}

variable "dynamo_db_endpoint" {
  description = "Another endpoint of DynamoDB, for sam local; empty on AWS"
  type        = string
  default     = null
}

locals {
  parameters = {
    Stage                     = var.stage
    Architecture              = var.architecture
    LogLevel                  = var.log_level
    LogRetentionDays          = var.log_retention_days
    PermissionsBoundaryArn    = var.permissions_boundary_arn
    DeploymentType            = var.deployment_type
    JwtIssuer                 = var.jwt_issuer
    JwtAudience               = var.jwt_audience == null ? null : join(",", var.jwt_audience)
    JwtRequestsPerSecond      = var.jwt_requests_per_second
    AuthorizerFunctionArn     = var.authorizer_function_arn
    AuthorizerIdentitySources = var.authorizer_identity_sources == null ? null : join(",", var.authorizer_identity_sources)
    AuthorizerCacheSeconds    = var.authorizer_cache_seconds
    CustomRequestsPerSecond   = var.custom_requests_per_second
    PublicOrigins             = var.public_origins == null ? null : join(",", var.public_origins)
    PublicRequestsPerSecond   = var.public_requests_per_second
    AllowedOrigins            = var.allowed_origins == null ? null : join(",", var.allowed_origins)
    DomainName                = var.domain_name
    CertificateArn            = var.certificate_arn
    RequestsPerSecond         = var.requests_per_second
    MintConcurrency           = var.mint_concurrency
    ParentSecretArn           = var.parent_secret_arn
    PreviousParentSecretArn   = var.previous_parent_secret_arn
    KmsKeyArn                 = var.kms_key_arn
    PreviousKmsKeyArn         = var.previous_kms_key_arn
    SubnetIds                 = var.subnet_ids == null ? null : join(",", var.subnet_ids)
    SecurityGroupIds          = var.security_group_ids == null ? null : join(",", var.security_group_ids)
    HttpsProxy                = var.https_proxy
    NoProxy                   = var.no_proxy == null ? null : join(",", var.no_proxy)
    Schedule                  = var.schedule
    NativeRotationSchedule    = var.native_rotation_schedule
    ReserveRotator            = var.reserve_rotator
    AlarmTopicArn             = var.alarm_topic_arn
    DenialsPerFiveMinutes     = var.denials_per_five_minutes
    RotationAlarmHours        = var.rotation_alarm_hours
    ParentAgeAlarmDays        = var.parent_age_alarm_days
    CreateDashboard           = var.create_dashboard
    TokensApiUrl              = var.tokens_api_url
    SecretsManagerEndpoint    = var.secrets_manager_endpoint
    DynamoDbEndpoint          = var.dynamo_db_endpoint
  }
}
