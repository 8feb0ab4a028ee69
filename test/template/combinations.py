"""The combinations of parameters that a deployment may come with and that change what is made."""

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret"
PARENT = f"{ARN}:maps/parent-a1B2c3"
PREVIOUS = f"{ARN}:maps/old-parent-z9Y8x7"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
PREVIOUS_KEY = KEY.replace("0a1b2c3d", "9f8e7d6c")
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d"

AUTHORIZER = "arn:aws:lambda:eu-central-1:123456789012:function:session"
CUSTOM = {"AuthorizerFunctionArn": AUTHORIZER, "AuthorizerIdentitySources": "$request.header.Cookie,$request.header.Origin"}
PUBLIC = {"PublicOrigins": "https://www.example.com,https://maps.example.com"}

JWT = {"JwtIssuer": "https://login.example.com/tenant", "JwtAudience": "maps,tiles"}
CORS = {"AllowedOrigins": "https://maps.example.com,http://localhost:3000"}
DOMAIN = {"DomainName": "tokens.example.com", "CertificateArn": CERTIFICATE}
NETWORK = {"SubnetIds": "subnet-0a1b2c3d4e5f60718,subnet-08172635445362718", "SecurityGroupIds": "sg-0123456789abcdef0"}
PROXY = {"HttpsProxy": "http://proxy.example.com:3128", "NoProxy": ".amazonaws.com,10.0.0.0/8"}

COMBINATIONS = {
    "as it is": {},
    "intel": {"Architecture": "x86_64", "Stage": "dev", "LogRetentionDays": "7", "LogLevel": "DEBUG"},
    "jwt": JWT,
    "cors": CORS,
    "jwt and cors": JWT | CORS,
    "custom": CUSTOM,
    "custom of another account": CUSTOM | {"AuthorizerFunctionArn": AUTHORIZER.replace("123456789012", "210987654321") + ":live"},
    "public": PUBLIC,
    "public and cors": PUBLIC | CORS,
    "public, and the same origins": PUBLIC | {"AllowedOrigins": PUBLIC["PublicOrigins"]},
    "jwt and custom": JWT | CUSTOM,
    "jwt and public": JWT | PUBLIC,
    "custom and public": CUSTOM | PUBLIC,
    "all routes": JWT | CUSTOM | PUBLIC | {
        "JwtRequestsPerSecond": "30", "CustomRequestsPerSecond": "40", "PublicRequestsPerSecond": "50", "AuthorizerCacheSeconds": "300",
    },
    "domain": DOMAIN,
    "key": {"KmsKeyArn": KEY},
    "existing secret": {"ParentSecretArn": PARENT},
    "existing secret and key": {"ParentSecretArn": PARENT, "KmsKeyArn": KEY},
    "another secret": {"PreviousParentSecretArn": PREVIOUS},
    "another key": {"KmsKeyArn": KEY, "PreviousKmsKeyArn": PREVIOUS_KEY},
    "no key any more": {"PreviousKmsKeyArn": PREVIOUS_KEY},
    "another secret and key": {
        "ParentSecretArn": PARENT, "PreviousParentSecretArn": PREVIOUS, "KmsKeyArn": KEY, "PreviousKmsKeyArn": PREVIOUS_KEY,
    },
    "public and key": PUBLIC | {"KmsKeyArn": KEY},
    "public, another secret and key": PUBLIC | {
        "ParentSecretArn": PARENT, "PreviousParentSecretArn": PREVIOUS, "KmsKeyArn": KEY, "PreviousKmsKeyArn": PREVIOUS_KEY, "Stage": "dev",
    },
    "network and proxy": NETWORK | PROXY,
    "native rotation": {"NativeRotationSchedule": "rate(30 days)"},
    "native rotation of an existing secret": {"NativeRotationSchedule": "cron(0 4 1 * ? *)", "ParentSecretArn": PARENT},
    "boundary": {"PermissionsBoundaryArn": BOUNDARY},
    "topic": {"AlarmTopicArn": TOPIC, "RotationAlarmHours": "26", "Schedule": "rate(12 hours)", "DenialsPerFiveMinutes": "500"},
    "reserved": {"ReserveRotator": "true", "MintConcurrency": "50", "RequestsPerSecond": "20"},
    "all at once": {"DeploymentType": "AllAtOnce"},
    "dashboard": {"CreateDashboard": "true"},
    "doubles": {
        "TokensApiUrl": "http://host.docker.internal:8788",
        "SecretsManagerEndpoint": "http://host.docker.internal:8789",
        "DynamoDbEndpoint": "http://host.docker.internal:8000",
    },
    "everything": {
        **JWT, **CUSTOM, **PUBLIC, **CORS, **DOMAIN, **NETWORK, **PROXY,
        "KmsKeyArn": KEY,
        "ParentSecretArn": PARENT,
        "NativeRotationSchedule": "rate(30 days)",
        "PermissionsBoundaryArn": BOUNDARY,
        "AlarmTopicArn": TOPIC,
        "CreateDashboard": "true",
        "ReserveRotator": "true",
        "MintConcurrency": "50",
        "DeploymentType": "Linear10PercentEvery1Minute",
    },
}

# cfn-lint takes seconds for each, so it reads those that together make all resources, with and without what goes with them.
LINTED = ["as it is", "network and proxy", "all at once", "doubles", "everything"]

# Values that no deployment may come with: each would widen a policy or open the API further than it seems.
REFUSED = [
    ("Stage", "Prod"),
    ("Stage", "prod/x"),
    ("ParentSecretArn", "maps/parent"),
    ("ParentSecretArn", f"{ARN}:{'a' * 200}-AbCdEf"),
    ("ParentSecretArn", f"{ARN}:maps/parent-*"),
    ("ParentSecretArn", f"{ARN}:maps/parent-??????"),
    ("ParentSecretArn", f"{ARN}:*"),
    ("PreviousParentSecretArn", "*"),
    ("PreviousParentSecretArn", f"{ARN}:maps/parent-*"),
    ("Stage", "*"),
    ("Stage", "${aws:username}"),
    ("KmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/*"),
    ("KmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:alias/maps"),
    ("PreviousKmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/*"),
    ("SubnetIds", "vpc-0a1b2c3d4e5f60718"),
    ("SubnetIds", "subnet-0a1b2c3d4e5f60718, subnet-08172635445362718"),
    ("SecurityGroupIds", "default"),
    ("HttpsProxy", "proxy.example.com:3128"),
    ("HttpsProxy", "http://user:password@proxy.example.com:3128"),
    ("NoProxy", ".amazonaws.com, 10.0.0.0/8"),
    ("NoProxy", "*"),
    ("PermissionsBoundaryArn", "boundary"),
    ("AlarmTopicArn", "alarms"),
    ("AllowedOrigins", "*"),
    ("AllowedOrigins", "https://*.example.com"),
    ("AllowedOrigins", "https://maps.example.com/"),
    ("PublicOrigins", "*"),
    ("PublicOrigins", "https://*.example.com"),
    ("PublicOrigins", "https://maps.example.com/map"),
    ("AuthorizerFunctionArn", "session"),
    ("AuthorizerFunctionArn", "arn:aws:lambda:eu-central-1:123456789012:function:*"),
    ("AuthorizerFunctionArn", f"{AUTHORIZER}:live/invocations"),
    ("AuthorizerIdentitySources", ""),
    ("AuthorizerIdentitySources", "$request.body.token"),
    ("AuthorizerIdentitySources", "$request.header.Cookie, $request.header.Origin"),
    ("AuthorizerCacheSeconds", "3601"),
    ("PublicRequestsPerSecond", "0"),
    ("JwtIssuer", "http://login.example.com"),
    ("JwtIssuer", "https://user@login.example.com"),
    ("JwtAudience", "maps, tiles"),
    ("JwtAudience", "maps,"),
    ("DomainName", "*.example.com"),
    ("CertificateArn", "certificate"),
    ("Schedule", "hourly"),
    ("Schedule", "rate(0 hours)"),
    ("NativeRotationSchedule", "rate(90 minutes)"),
    ("TokensApiUrl", "https://api.mapbox.com/v2"),
    ("LogRetentionDays", "91"),
    ("RotationAlarmHours", "1"),
    ("RotationAlarmHours", "169"),
    ("CreateDashboard", "yes"),
    ("MintConcurrency", "-1"),
    ("RequestsPerSecond", "0"),
    ("DeploymentType", "Off"),
    ("Architecture", "arm"),
]
