"""What must hold of every stack that template.yaml can make. Each function is one promise; guards.py breaks each of them."""

import json
import re

from stack import ACCOUNT, REGION

READ = "secretsmanager:GetSecretValue"
ROTATE = {
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
}
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
CONDITIONED = {"kms:Decrypt", "kms:GenerateDataKey"}
NETWORK = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}

PROMISES = []


def promise(check):
    PROMISES.append(check)
    return check


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(role):
    """Every statement of a role's policies, none of which may deny: the promises below read grants."""
    found = [s for p in role.get("Policies", []) for s in p["PolicyDocument"]["Statement"]]
    assert all(s["Effect"] == "Allow" for s in found)
    return found


def grants(stack, role):
    """The (action, resource) pairs that a role is granted."""
    return {
        (action, resource)
        for s in statements(stack.of("AWS::IAM::Role")[role])
        for action in listed(s["Action"])
        for resource in listed(s["Resource"])
    }


def parent(stack):
    return stack.parameters["ParentSecretArn"] or "arn:of:ParentSecret"


def readable(stack):
    """The secrets that the mint may read: its own, and that of the version before while the mint moves."""
    return [parent(stack), *filter(None, [stack.parameters["PreviousParentSecretArn"]])]


def keys(stack):
    return [k for k in (stack.parameters["KmsKeyArn"], stack.parameters["PreviousKmsKeyArn"]) if k]


def additional(stack):
    """The secrets of additional tokens, by the beginning of their names. No stage has a slash."""
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:tokenmint/{stack.parameters['Stage']}/*"


def public(stack):
    """The secrets of public tokens, which the mint may read where it has the public route."""
    return [additional(stack)[:-1] + "public/*"] if stack.parameters["PublicOrigins"] else []


def pairs(actions, *resources):
    return {(a, r) for a in actions for r in resources}


def network(stack):
    """What Lambda needs to put a function into a VPC."""
    return pairs(NETWORK, "*") if stack.parameters["SubnetIds"] else set()


def settings(stack):
    """The words in the name of the policy's layer, besides its content: another word is another layer and another version of the mint."""
    (layer,) = [r for r in stack.transformed["Resources"].values() if r["Type"] == "AWS::Lambda::LayerVersion"]
    index, texts = layer["Properties"]["Description"]["Fn::Select"]
    assert index == 0 and texts[0] == "Policy of tokenmint, as /opt/tokenmint.yaml"
    return texts[1]["Fn::Sub"].split(" ")  # SAM has put the values of parameters in


@promise
def mint_reads_the_parent_and_public_tokens_and_shares_tokens(stack):
    assert grants(stack, "MintRole") == (
        pairs({READ}, *readable(stack), *public(stack))
        | pairs({"dynamodb:GetItem", "dynamodb:UpdateItem"}, "arn:of:TokenTable")
        | pairs(LOG, "arn:of:MintLogs:*")
        | pairs({"kms:Decrypt"}, *keys(stack))
        | network(stack)
    )


@promise
def rotate_writes_the_managed_secrets_and_nothing_else(stack):
    assert grants(stack, "RotateRole") == (
        pairs(ROTATE, parent(stack), additional(stack))
        | pairs({"sqs:SendMessage"}, "arn:of:Undone")
        | pairs({"events:PutEvents"}, BUS)
        | pairs(LOG, "arn:of:RotateLogs:*")
        | pairs(CONDITIONED, *keys(stack))
        | network(stack)
    )


@promise
def rotate_announces_tokens_and_nothing_else(stack):
    """One bus, one source, two kinds of events. No other role publishes anything."""
    found = [s for s in statements(stack.of("AWS::IAM::Role")["RotateRole"]) if "events:PutEvents" in listed(s["Action"])]
    assert [s["Condition"] for s in found] == [
        {"StringEquals": {"events:source": "tokenmint", "events:detail-type": ["Token Promoted", "Token Deleted"]}}
    ]
    assert not [a for role in ("MintRole", "ScheduleRole", "DeploymentRole") for a, _ in grants(stack, role) if a.startswith("events:")]


@promise
def rotate_cannot_touch_the_table(stack):
    assert not [a for a, r in grants(stack, "RotateRole") if a.startswith("dynamodb:") or "TokenTable" in r]
    variables = stack.resources["RotateFunction"]["Properties"]["Environment"]["Variables"]
    assert "TOKEN_TABLE" not in variables


@promise
def schedule_invokes_the_rotator_alone(stack):
    assert grants(stack, "ScheduleRole") == (
        {("lambda:InvokeFunction", "arn:of:RotateFunction"), ("sqs:SendMessage", "arn:of:Undone")}
        | pairs(CONDITIONED, *filter(None, [stack.parameters["KmsKeyArn"]]))
    )


@promise
def deployment_moves_one_alias(stack):
    actions = {"lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"}
    assert grants(stack, "DeploymentRole") == (
        pairs(actions, "arn:of:MintFunction", "arn:of:MintFunction:live") | {("cloudwatch:DescribeAlarms", "*")}
    )


@promise
def wildcards_are_these(stack):
    """These alone, each with its reason in the template."""
    found = {
        (role, action, resource)
        for role in stack.of("AWS::IAM::Role")
        for action, resource in grants(stack, role)
        if re.search(r"[*?$]", action + resource)
    }
    assert found == {
        *((f"{name}Role", action, f"arn:of:{name}Logs:*") for name in ("Mint", "Rotate") for action in LOG),
        ("DeploymentRole", "cloudwatch:DescribeAlarms", "*"),
        *(("RotateRole", action, additional(stack)) for action in ROTATE),
        *(("MintRole", READ, resource) for resource in public(stack)),
        *((f"{name}Role", *pair) for name in ("Mint", "Rotate") for pair in network(stack)),
    }


@promise
def statements_have_no_inversions(stack):
    """NotAction, NotResource and NotPrincipal grant what they do not name."""
    for role in stack.of("AWS::IAM::Role").values():
        for s in statements(role) + role["AssumeRolePolicyDocument"]["Statement"]:
            assert not {"NotAction", "NotResource", "NotPrincipal"} & s.keys()


@promise
def roles_are_these(stack):
    """SAM adds none of its own, and none has a managed policy, whose words AWS may change."""
    assert set(stack.of("AWS::IAM::Role")) == {"MintRole", "RotateRole", "ScheduleRole", "DeploymentRole"}
    assert not [n for n, r in stack.of("AWS::IAM::Role").items() if r.get("ManagedPolicyArns")]
    assert not stack.of("AWS::IAM::ManagedPolicy") and not stack.of("AWS::IAM::Policy")
    for name in ("Mint", "Rotate"):
        assert stack.resources[f"{name}Function"]["Properties"]["Role"] == f"arn:of:{name}Role"
    (schedule,) = stack.of("AWS::Scheduler::Schedule").values()
    assert schedule["Target"]["RoleArn"] == "arn:of:ScheduleRole"
    (deployment,) = stack.of("AWS::CodeDeploy::DeploymentGroup").values()
    assert deployment["ServiceRoleArn"] == "arn:of:DeploymentRole"


@promise
def services_act_for_this_account_only(stack):
    want = {"MintRole": "lambda", "RotateRole": "lambda", "ScheduleRole": "scheduler", "DeploymentRole": "codedeploy"}
    for name, role in stack.of("AWS::IAM::Role").items():
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": f"{want[name]}.amazonaws.com"}
        assert trust["Action"] == "sts:AssumeRole"
        # EventBridge Scheduler documents aws:SourceAccount. CodeDeploy does not: the condition could only break updates. Lambda needs none:
        # a role can be given to a function of its own account only, and that takes iam:PassRole.
        documented = {"StringEquals": {"aws:SourceAccount": ACCOUNT}} if want[name] == "scheduler" else None
        assert trust.get("Condition") == documented


@promise
def boundary_is_on_every_role(stack):
    boundary = stack.parameters["PermissionsBoundaryArn"] or None
    assert {r.get("PermissionsBoundary") for r in stack.of("AWS::IAM::Role").values()} == {boundary}


# Each kind of route: the parameter that opens it, its routes, and the parameter of its throttle.
KINDS = {
    "iam": ("Stage", ["POST /tokens", "POST /tokens/v2/{username}"], "RequestsPerSecond"),
    "jwt": ("JwtIssuer", ["POST /jwt/tokens", "POST /jwt/tokens/v2/{username}"], "JwtRequestsPerSecond"),
    "custom": ("AuthorizerFunctionArn", ["POST /custom/tokens", "POST /custom/tokens/v2/{username}"], "CustomRequestsPerSecond"),
    "public": ("PublicOrigins", ["GET /public/tokens/{profile}"], "PublicRequestsPerSecond"),
}


def kinds(stack):
    """The kinds of routes that the stack has, by the contract."""
    return {kind: (routes, limit) for kind, (switch, routes, limit) in KINDS.items() if stack.parameters[switch]}


def invoke_uri(function):
    return f"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{function}/invocations"


@promise
def functions_are_invoked_by_these(stack):
    """The API, on its routes; Secrets Manager, for this account, if it rotates. The first star is the API's stage."""
    api = f"arn:aws:execute-api:eu-central-1:{ACCOUNT}:ref:Api/"
    paths = {"iam": "POST/tokens*", "jwt": "POST/jwt/tokens*", "custom": "POST/custom/tokens*", "public": "GET/public/tokens/*"}
    want = [("arn:of:MintFunctionAliaslive", "apigateway.amazonaws.com", f"{api}*/{paths[kind]}", None) for kind in kinds(stack)]
    authorizer = stack.parameters["AuthorizerFunctionArn"]
    if f":{ACCOUNT}:" in authorizer:
        want.append((authorizer, "apigateway.amazonaws.com", f"{api}authorizers/*", None))
    if stack.parameters["NativeRotationSchedule"]:
        want.append(("ref:RotateFunction", "secretsmanager.amazonaws.com", None, ACCOUNT))
    found = stack.of("AWS::Lambda::Permission").values()
    assert sorted(map(str, want)) == sorted(
        str((p["FunctionName"], p["Principal"], p.get("SourceArn"), p.get("SourceAccount"))) for p in found
    )
    assert {p["Action"] for p in found} == {"lambda:InvokeFunction"}
    assert not stack.of("AWS::Lambda::Url")


@promise
def queue_takes_messages_from_these(stack):
    policies = stack.of("AWS::SQS::QueuePolicy")
    if not stack.parameters["NativeRotationSchedule"]:
        assert not policies
        return
    ((statement,),) = [p["PolicyDocument"]["Statement"] for p in policies.values()]
    del statement["Sid"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "arn:of:Undone",
        "Condition": {"ArnEquals": {"aws:SourceArn": "arn:of:NativeRotationFailed"}},
    }


@promise
def routes_ask_who_calls(stack):
    body = stack.resources["Api"]["Properties"]["Body"]
    want = {route: kind for kind, (routes, _) in kinds(stack).items() for route in routes}
    found = {f"{method.upper()} {path}": operation for path, item in body["paths"].items() for method, operation in item.items()}
    assert found.keys() == want.keys()
    for route, operation in found.items():
        kind = want[route]
        assert operation.get("security") == (None if kind == "public" else [{kind: []}])
        # OpenAPI requires both, and what is missing may be a warning, which fails the deployment.
        assert operation.get("responses")
        in_path = [p["name"] for p in operation.get("parameters", []) if p["in"] == "path" and p["required"]]
        assert in_path == re.findall(r"{(\w+)}", route)
        assert operation["x-amazon-apigateway-integration"] == {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "payloadFormatVersion": "2.0",
            "uri": invoke_uri("arn:of:MintFunction:live"),
        }
    # Else a new route may meet an old version of the mint.
    assert "MintFunctionAliaslive" in listed(stack.transformed["Resources"]["Api"].get("DependsOn", []))
    # Else a route whose authorizer cannot be created disappears, and the deployment succeeds.
    assert stack.resources["Api"]["Properties"].get("FailOnWarnings") is True


@promise
def authorizers_are_these(stack):
    given = stack.parameters
    schemes = {
        "iam": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
        "jwt": {
            "type": "oauth2",
            "x-amazon-apigateway-authorizer": {
                "type": "jwt",
                "identitySource": "$request.header.Authorization",
                "jwtConfiguration": {"issuer": given["JwtIssuer"], "audience": given["JwtAudience"].split(",")},
            },
        },
        "custom": {
            "type": "apiKey",
            "name": "Unused",
            "in": "header",
            "x-amazon-apigateway-authorizer": {
                "type": "request",
                "authorizerUri": invoke_uri(given["AuthorizerFunctionArn"]),
                "authorizerPayloadFormatVersion": "2.0",
                "enableSimpleResponses": True,
                "identitySource": given["AuthorizerIdentitySources"],
                "authorizerResultTtlInSeconds": given["AuthorizerCacheSeconds"],
            },
        },
    }
    found = stack.resources["Api"]["Properties"]["Body"]["components"]["securitySchemes"]
    assert found == {kind: scheme for kind, scheme in schemes.items() if kind in kinds(stack)}


@promise
def browsers_call_from_named_origins(stack):
    cors = stack.resources["Api"]["Properties"]["Body"].get("x-amazon-apigateway-cors")
    public, allowed = ([o for o in stack.parameters[name].split(",") if o] for name in ("PublicOrigins", "AllowedOrigins"))
    if not public + allowed:
        assert cors is None
        return
    assert cors["allowOrigins"] == public + (allowed if allowed != public else [])
    assert cors["allowMethods"] == (["GET", "POST"] if public else ["POST"])
    assert cors["exposeHeaders"] == ["age", "retry-after"]
    assert "*" not in cors["allowHeaders"] and not cors.get("allowCredentials")


@promise
def access_log_has_no_credentials(stack):
    stage = stack.resources["ApiApiGatewayDefaultStage"]["Properties"]
    settings = stage["AccessLogSettings"]
    assert settings["DestinationArn"] == "arn:of:ApiLogs:*"
    for value in json.loads(settings["Format"]).values():
        assert re.fullmatch(r"\$context\.[A-Za-z.]+", value)
        assert not re.search("query|header|protocol|requestOverride", value, re.I)


@promise
def each_route_has_its_throttle(stack):
    stage = stack.resources["ApiApiGatewayDefaultStage"]["Properties"]

    def throttle(limit):
        value = stack.parameters[limit]
        assert int(value) > 0
        return {"ThrottlingRateLimit": value, "ThrottlingBurstLimit": value}

    assert stage["DefaultRouteSettings"] == throttle("RequestsPerSecond")
    assert stage["RouteSettings"] == {route: throttle(limit) for routes, limit in kinds(stack).values() for route in routes}


@promise
def secret_outlives_the_stack(stack):
    assert ("ParentSecret" in stack.resources) == (not stack.parameters["ParentSecretArn"])
    if secret := stack.resources.get("ParentSecret"):
        assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
        assert secret["Properties"].get("KmsKeyId", "") == stack.parameters["KmsKeyArn"]
        assert not {"SecretString", "GenerateSecretString"} & secret["Properties"].keys()


@promise
def no_token_is_a_parameter(stack):
    assert not [n for n in stack.parameters if re.search("token$|accesstoken|password", n, re.I)]


@promise
def functions_know_where_all_is(stack):
    for name in ("Mint", "Rotate"):
        properties = stack.resources[f"{name}Function"]["Properties"]
        variables = properties["Environment"]["Variables"]
        assert variables["PARENT_SECRET_ID"] == parent(stack)
        assert variables["TOKENS_API_URL"] == stack.parameters["TokensApiUrl"]
        assert variables["STAGE"] == stack.parameters["Stage"]
        assert variables["LOG_LEVEL"] == stack.parameters["LogLevel"]
        # `sam local` hands over what is declared, so these must be, empty as they are.
        assert variables["AWS_ENDPOINT_URL_SECRETS_MANAGER"] == stack.parameters["SecretsManagerEndpoint"]
        assert variables["AWS_ENDPOINT_URL_DYNAMODB"] == stack.parameters["DynamoDbEndpoint"]
        assert properties["Architectures"] == [stack.parameters["Architecture"]]
        assert properties["Runtime"] == "provided.al2023"
        assert "TracingConfig" not in properties  # a trace would have the URLs at Mapbox, with the token in the query
    assert stack.resources["MintFunction"]["Properties"]["Environment"]["Variables"]["TOKEN_TABLE"] == "ref:TokenTable"


@promise
def functions_share_out_concurrency(stack):
    mint = int(stack.parameters["MintConcurrency"]) or None
    reserved = stack.resources["MintFunction"]["Properties"].get("ReservedConcurrentExecutions")
    assert (reserved and int(reserved)) == mint
    variables = stack.resources["MintFunction"]["Properties"]["Environment"]["Variables"]
    assert variables.get("MINT_CONCURRENCY") == stack.parameters["MintConcurrency"]
    rates = [stack.parameters[limit] if stack.parameters[switch] else "0" for switch, _, limit in KINDS.values()]
    assert variables.get("REQUESTS_PER_SECOND") == "+".join(rates)
    rotator = 1 if stack.parameters["ReserveRotator"] == "true" else None
    assert stack.resources["RotateFunction"]["Properties"].get("ReservedConcurrentExecutions") == rotator


@promise
def failed_rotations_are_kept(stack):
    (schedule,) = stack.of("AWS::Scheduler::Schedule").values()
    assert schedule["ScheduleExpression"] == stack.parameters["Schedule"]
    # While two secrets count, the rotator must not run: it deletes its tokens that its own secret does not hold.
    assert schedule["State"] == ("DISABLED" if stack.parameters["PreviousParentSecretArn"] else "ENABLED")
    target = schedule["Target"]
    assert target["Arn"] == "arn:of:RotateFunction"
    assert target.get("DeadLetterConfig") == {"Arn": "arn:of:Undone"}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 2
    assert json.loads(target["Input"]) == {"action": "rotate", "id": "<aws.scheduler.scheduled-time>"}
    (failure,) = stack.of("AWS::Lambda::EventInvokeConfig").values()
    assert (failure["FunctionName"], failure["Qualifier"]) == ("ref:RotateFunction", "$LATEST")
    assert failure.get("DestinationConfig") == {"OnFailure": {"Destination": "arn:of:Undone"}}
    queue = stack.resources["Undone"]["Properties"]
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


@promise
def native_rotation_is_whole_or_absent(stack):
    parts = {"NativeRotation", "NativeRotationPermission", "NativeRotationFailed", "UndonePolicy"}
    on = bool(stack.parameters["NativeRotationSchedule"])
    assert parts & stack.resources.keys() == (parts if on else set())
    if on:
        rotation = stack.resources["NativeRotation"]
        assert rotation["DependsOn"] == "NativeRotationPermission"
        assert rotation["Properties"] == {
            "SecretId": parent(stack),
            "RotationLambdaARN": "arn:of:RotateFunction",
            "RotationRules": {"ScheduleExpression": stack.parameters["NativeRotationSchedule"]},
            "RotateImmediatelyOnUpdate": False,
        }
        pattern = stack.resources["NativeRotationFailed"]["Properties"]["EventPattern"]
        assert pattern["detail"]["additionalEventData"]["SecretId"] == [parent(stack)]


@promise
def table_is_a_cache(stack):
    table = stack.resources["TokenTable"]
    assert table["DeletionPolicy"] == "Delete"
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def version(stack):
    """The logical id and the properties of the mint's version."""
    ((name, properties),) = stack.of("AWS::Lambda::Version").items()
    return name, properties


@promise
def a_version_follows_what_it_keeps(stack):
    """A version keeps the function's settings. SAM publishes for code, memory and variables, and the description has the timeout. Nothing
    publishes for the settings below: whoever changes one of them adds it to the description too, as the timeout. Key and network are in
    the name of the layer, which is in the description."""
    function = dict(stack.resources["MintFunction"]["Properties"])
    assert str(function.pop("Timeout")) in version(stack)[1]["Description"].split(" ")
    (layer,) = function.pop("Layers")
    assert layer.split(":layer:")[1] == version(stack)[1]["Description"].split(" ")[0]
    vpc = function.pop("VpcConfig", {})
    for kept in (function.pop("KmsKeyArn", ""), *(",".join(ids) for ids in vpc.values())):
        assert kept in settings(stack)
    for name in ("Code", "MemorySize", "Environment", "Tags", "ReservedConcurrentExecutions", "Architectures"):
        function.pop(name, None)  # another architecture is another program
    assert function == {
        "Description": "Mints temporary Mapbox tokens from the parent token",
        "Handler": "bootstrap",
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": "ref:MintLogs", "SystemLogLevel": "WARN"},
        "Role": "arn:of:MintRole",
        "Runtime": "provided.al2023",
    }


@promise
def domain_serves_the_api(stack):
    on = bool(stack.parameters["DomainName"])
    assert {"Domain", "DomainMapping"} & stack.resources.keys() == ({"Domain", "DomainMapping"} if on else set())
    name = stack.parameters["DomainName"] if on else "ref:Api.execute-api.eu-central-1.amazonaws.com"
    assert stack.outputs["MintUrl"] == f"https://{name}"
    if on:
        (configuration,) = stack.resources["Domain"]["Properties"]["DomainNameConfigurations"]
        assert configuration["SecurityPolicy"] == "TLS_1_2"
        assert configuration["CertificateArn"] == stack.parameters["CertificateArn"]


@promise
def all_is_tagged(stack):
    want = {"application": "tokenmint", "stage": stack.parameters["Stage"]}
    for name in ("ParentSecret", "TokenTable", "Undone", "MintFunction", "RotateFunction", "MintRole", "RotateRole", "ScheduleRole",
                 "DeploymentRole", "MintLogs", "RotateLogs", "ApiLogs",
                 *stack.of("AWS::CloudWatch::Alarm")):
        if resource := stack.resources.get(name):
            tags = {t["Key"]: t["Value"] for t in resource["Properties"]["Tags"]}
            assert tags.items() >= want.items(), name


@promise
def changed_parameters_reach_the_mint(stack):
    """Callers get the version that the alias stands on, with the variables of its day: with other variables it must be another version."""
    variables = stack.of("AWS::Lambda::Function")["MintFunction"]["Environment"]["Variables"]
    given = {v for n, v in variables.items() if v in stack.parameters.values() and not n.startswith("AWS_ENDPOINT")}  # doubles need no version
    given.add(variables["REQUESTS_PER_SECOND"])
    # The stage is in the layer's name. Of a secret's ARN all is there that another secret in reach of this stack has different.
    shown = {f"tokenmint-{stack.parameters['Stage']}": stack.parameters["Stage"]}
    words = version(stack)[1]["Description"].replace(":", " ", 1).split(" ")
    said = {shown.get(w, f"arn:aws:secretsmanager:{w}" if ":secret:" in w else w) for w in words}
    assert stack.parameters["Stage"] in given and given <= said.union(settings(stack))


@promise
def a_version_description_is_short_enough(stack):
    """Lambda takes 256 characters. A stage has 16, and a layer that gets a version each second for thirty years has one of 9 digits."""
    longest = {p: d["MaxLength"] for p, d in stack.transformed["Parameters"].items() if "MaxLength" in d}
    parent = longest["ParentSecretArn"] - len("arn:aws:secretsmanager:")
    layer = len("tokenmint-") + 16 + len(":123456789")
    assert layer + len(" ERROR 10000 10000+10000+10000+10000 ") + longest["TokensApiUrl"] + 1 + parent + len(" 15") <= 256
    assert len(version(stack)[1]["Description"]) <= 256


@promise
def the_policy_is_a_layer(stack):
    """Both functions read it from there. Its versions outlive the stack, since a version of the mint that serves again needs its own."""
    ((name, layer),) = stack.of("AWS::Lambda::LayerVersion").items()
    assert stack.resources[name]["DeletionPolicy"] == "Retain"
    assert layer["LayerName"] == f"tokenmint-{stack.parameters['Stage']}"  # two stacks of an account and region have two stages
    for function in ("MintFunction", "RotateFunction"):
        properties = stack.resources[function]["Properties"]
        assert properties["Environment"]["Variables"]["CONFIG_FILE"] == "/opt/tokenmint.yaml"
        assert [arn.split(":")[6] for arn in properties["Layers"]] == [layer["LayerName"]]
    for role in stack.of("AWS::IAM::Role"):
        actions = {a for a, _ in grants(stack, role) if a.startswith("lambda:")}
        allowed = {"ScheduleRole": {"lambda:InvokeFunction"}, "DeploymentRole": {"lambda:GetAlias", "lambda:UpdateAlias",
                   "lambda:GetProvisionedConcurrencyConfig"}}
        assert actions == allowed.get(role, set()), role  # no role publishes a layer or changes a function


@promise
def notes_tell_stacks_apart(stack):
    """What bears a stack's notes and stands in none of its secrets is deleted. Stacks of one name may share an account at Mapbox."""
    for function in stack.of("AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["STACK"].split(".") == ["tokenmint", REGION, ACCOUNT]


@promise
def outputs_say_what_to_type(stack):
    assert stack.outputs["ParentSecretArn"] == parent(stack)
    # A shell reads these, and no part of them may be more than a word: each parameter in them has a pattern that sees to it.
    assert re.fullmatch(r"export( [A-Z_]+=[A-Za-z0-9/_+=.@:-]+)+", stack.outputs["Variables"])
    exported = stack.outputs["Variables"].removeprefix("export ").split(" ")
    assert dict(word.split("=", 1) for word in exported) == {
        "MINT_URL": stack.outputs["MintUrl"],
        "AWS_REGION": "eu-central-1",
        "PARENT_SECRET_ID": parent(stack),
        "TOKEN_TABLE": "ref:TokenTable",
        "SCHEDULE_NAME": "ref:RotateFunctionHeartbeat",
        "UNDONE_QUEUE_URL": "ref:Undone",
        "MINT_FUNCTION": "ref:MintFunction",
        "ROTATE_FUNCTION": "ref:RotateFunction",
        "STACK": stack.of("AWS::Lambda::Function")["RotateFunction"]["Environment"]["Variables"]["STACK"],
        "STAGE": stack.parameters["Stage"],
        "ROUTES": ":".join(kinds(stack)),
    }
    # No token: on a command line it would be in the shell's history and in the list of processes.
    assert stack.outputs["NextPutParent"] == (
        f"AWS_REGION=eu-central-1 PARENT_SECRET_ID={parent(stack)} tokenmint bootstrap"
    )
    assert "--function-name ref:RotateFunction" in stack.outputs["NextRotate"]
    url = stack.outputs["MintUrl"]
    assert f" {url}/tokens " in stack.outputs["NextMint"]
    # Credentials of a user have no session. curl would sign an empty header and not send it.
    assert '${AWS_SESSION_TOKEN:+"-Hx-amz-security-token: $AWS_SESSION_TOKEN"}' in stack.outputs["NextMint"]
    urls = {"iam": "/tokens", "jwt": "/jwt/tokens", "custom": "/custom/tokens", "public": "/public/tokens/"}
    addresses = {name: value for name, value in stack.outputs.items() if name.endswith("Url") and name not in ("MintUrl", "DashboardUrl")}
    assert addresses == {f"{kind.title()}Url": url + urls[kind] for kind in kinds(stack)}
