// This file follows from template.yaml: go test ./test/deploy -update

/** The parameters of the stack. It takes the default of those that are left out. */
export interface Parameters {
  /** Name of this deployment in logs, metrics and alarms. Two stacks in one account and region need two stages. Default: prod. */
  readonly stage?: string;
  /** Processor of both functions. Default: arm64. */
  readonly architecture?: "arm64" | "x86_64";
  /** Least level of the functions' log lines. Metrics are written at every level. Default: INFO. */
  readonly logLevel?: "DEBUG" | "INFO" | "WARN" | "ERROR";
  /** Days that audit records, rotations and the API's access log are kept. Default: 90. */
  readonly logRetentionDays?: 1 | 3 | 5 | 7 | 14 | 30 | 60 | 90 | 120 | 150 | 180 | 365 | 400 | 545 | 731 | 1096 | 1827 | 2192 | 2557 | 2922 | 3288 | 3653;
  /** Managed policy that limits every role of this stack; empty for none. */
  readonly permissionsBoundaryArn?: string;
  /** How a new version of the mint takes over. Its own faults undo a gradual deployment. AllAtOnce ignores all alarms. Default: Canary10Percent5Minutes. */
  readonly deploymentType?: "AllAtOnce" | "Canary10Percent5Minutes" | "Canary10Percent10Minutes" | "Canary10Percent15Minutes" | "Canary10Percent30Minutes" | "Linear10PercentEvery1Minute" | "Linear10PercentEvery2Minutes" | "Linear10PercentEvery3Minutes" | "Linear10PercentEvery10Minutes";
  /** Issuer of the callers' JWTs. Needs an audience; empty for no route for JWTs. */
  readonly jwtIssuer?: string;
  /** Audiences that a caller's JWT may name, separated by commas. Needs an issuer. */
  readonly jwtAudience?: readonly string[];
  /** Requests a second that each route for JWTs accepts, and as many at once. The rest gets 429. Default: 200. */
  readonly jwtRequestsPerSecond?: number;
  /** Your Lambda authorizer (payload format 2.0, simple responses); empty for no custom route. */
  readonly authorizerFunctionArn?: string;
  /** What a request of the custom route must have, else API Gateway answers 401. The authorizer's cache uses these values as its key. Default: $request.header.Authorization. */
  readonly authorizerIdentitySources?: readonly string[];
  /** Seconds that API Gateway keeps an answer of the authorizer, for requests with the same identity sources; 0 to ask for each request. Default: 0. */
  readonly authorizerCacheSeconds?: number;
  /** Requests a second that each custom route accepts, and as many at once. The rest gets 429. Default: 200. */
  readonly customRequestsPerSecond?: number;
  /** Origins of public web pages. Opens the route without authorization, for profiles with anyone; empty for no such route. */
  readonly publicOrigins?: readonly string[];
  /** Requests a second that the public route accepts, and as many at once. The rest gets 429. Default: 200. */
  readonly publicRequestsPerSecond?: number;
  /** Further web origins that may call from a browser (CORS), besides PublicOrigins; empty for none. */
  readonly allowedOrigins?: readonly string[];
  /** Domain name of the API; empty for API Gateway's own. Needs a certificate. */
  readonly domainName?: string;
  /** Certificate of the domain name, in this region. */
  readonly certificateArn?: string;
  /** Requests a second that each route for IAM accepts, and as many at once. The rest gets 429. Default: 200. */
  readonly requestsPerSecond?: number;
  /** Instances reserved for the mint, and its maximum. Without the table each mints its share by this number. 0 reserves none, which the quota of a new account requires. Default: 0. */
  readonly mintConcurrency?: number;
  /** Existing secret that holds the parent token. If empty, the stack creates one. */
  readonly parentSecretArn?: string;
  /** Secret that the version before reads. Set it together with a new ParentSecretArn; empty it three hours later. Rotation waits for that. */
  readonly previousParentSecretArn?: string;
  /** Customer managed key of the secrets, the table, the queue, the log groups and the functions' variables; empty for AWS's own keys. */
  readonly kmsKeyArn?: string;
  /** Key that older versions of the secrets are encrypted with. Set it together with a new KmsKeyArn; empty it after a day. */
  readonly previousKmsKeyArn?: string;
  /** Private subnets that both functions run in, separated by commas. They need a way to Mapbox. Needs security groups; empty for no VPC. */
  readonly subnetIds?: readonly string[];
  /** Security groups of both functions, separated by commas. They must let port 443 out and nothing in. Needs subnets. */
  readonly securityGroupIds?: readonly string[];
  /** Proxy that both functions reach Mapbox and AWS through; empty for none. */
  readonly httpsProxy?: string;
  /** Hosts that the functions reach without the proxy, separated by commas. */
  readonly noProxy?: readonly string[];
  /** Heartbeat of the rotation. Whether a token is due is read from its secret; keep this well below rotate_every. Default: rate(1 hour). */
  readonly schedule?: string;
  /** Secrets Manager's own rotation of the parent, at least 4 hours apart; empty for off. Switch it on once the secret holds a token. */
  readonly nativeRotationSchedule?: string;
  /** One rotator at a time (reserves one instance). Takes a quota of 101 concurrent executions or more; a new account may have 10. Default: false. */
  readonly reserveRotator?: boolean;
  /** Topic that alarms are sent to; empty for none. */
  readonly alarmTopicArn?: string;
  /** Refused requests (403) in five minutes that raise the alarm. Default: 50. */
  readonly denialsPerFiveMinutes?: number;
  /** Hours without a successful run of the rotation that raise the alarm; at least twice the schedule's interval. Default: 3. */
  readonly rotationAlarmHours?: number;
  /** Age of the parent token that raises the alarm; above rotate_every of config/tokenmint.yaml. Default: 32. */
  readonly parentAgeAlarmDays?: number;
  /** Whether the stack has a dashboard, which costs 3 dollars a month. The alarms and the saved queries need none. Default: false. */
  readonly createDashboard?: boolean;
  /** Origin of the Tokens API. Default: https://api.mapbox.com. */
  readonly tokensApiUrl?: string;
  /** Another endpoint of Secrets Manager, for sam local; empty on AWS. */
  readonly secretsManagerEndpoint?: string;
  /** Another endpoint of DynamoDB, for sam local; empty on AWS. */
  readonly dynamoDbEndpoint?: string;
}

/** The outputs of the stack. Those of routes that it does not have are missing. */
export type Output =
  | "MintUrl"
  | "IamUrl"
  | "JwtUrl"
  | "CustomUrl"
  | "PublicUrl"
  | "DomainTarget"
  | "ParentSecretArn"
  | "Variables"
  | "NextPutParent"
  | "NextRotate"
  | "NextMint"
  | "InvokeArn"
  | "DashboardUrl";
