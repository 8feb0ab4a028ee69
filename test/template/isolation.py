"""Promises about a customer's own key, network and proxy."""

from promises import NETWORK, additional, grants, keys, listed, parent, promise, public, readable, statements
from stack import REGION


@promise
def keys_open_these_alone(stack):
    """Each right on a key is for one service, and for named secrets, the table or the queue."""

    def use(of, service, name, values, like=False):
        tests = {"StringEquals": {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}}
        tests.setdefault("StringLike" if like else "StringEquals", {})[f"kms:EncryptionContext:{name}"] = values
        return of, tests

    def secrets(values, like=False):
        return use(keys(stack), "secretsmanager", "SecretARN", values, like)

    # The queue has no older key: each message is sent with the new one.
    new = stack.parameters["KmsKeyArn"]
    queue = [use([new], "sqs", "aws:sqs:arn", "arn:of:Undone")] if new else []
    table = use(keys(stack), "dynamodb", "aws:dynamodb:tableName", "ref:TokenTable")
    want = {
        "MintRole": [secrets(readable(stack)), *(secrets(name, like=True) for name in public(stack)), table],
        "RotateRole": [secrets(parent(stack)), secrets(additional(stack), like=True), *queue],
        "ScheduleRole": queue,
    }
    for name, role in stack.of("AWS::IAM::Role").items():
        found = [s for s in statements(role) if any(a.startswith("kms:") for a in listed(s["Action"]))]
        assert [(listed(s["Resource"]), s["Condition"]) for s in found] == (want.get(name, []) if keys(stack) else []), name


@promise
def a_customer_key_is_on_all_data(stack):
    key = stack.parameters["KmsKeyArn"] or None
    for name in ("MintFunction", "RotateFunction"):
        assert stack.resources[name]["Properties"].get("KmsKeyArn") == key
    groups = stack.of("AWS::Logs::LogGroup")
    assert {name: group.get("KmsKeyId") for name, group in groups.items()} == dict.fromkeys(("ApiLogs", "MintLogs", "RotateLogs"), key)
    queue = stack.resources["Undone"]["Properties"]
    assert (queue.get("KmsMasterKeyId"), queue["SqsManagedSseEnabled"]) == (key, not key)
    table = stack.resources["TokenTable"]["Properties"].get("SSESpecification")
    assert table == ({"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else None)


@promise
def functions_run_in_the_given_network(stack):
    """Both or none. Lambda makes the interfaces, and the functions' own code may not."""
    given = {name: stack.parameters[name].split(",") for name in ("SubnetIds", "SecurityGroupIds") if stack.parameters[name]}
    for name in ("Mint", "Rotate"):
        assert stack.resources[f"{name}Function"]["Properties"].get("VpcConfig") == (given or None)
        found = [s for s in statements(stack.of("AWS::IAM::Role")[f"{name}Role"]) if NETWORK & set(listed(s["Action"]))]
        assert [s.get("Condition") for s in found] == ([{"Null": {"lambda:SourceFunctionArn": "true"}}] if given else [])
    assert not [a for role in ("ScheduleRole", "DeploymentRole") for a, _ in grants(stack, role) if a.startswith("ec2:")]


@promise
def functions_use_the_given_proxy(stack):
    """For https alone: HTTP_PROXY would send the requests for Lambda's own Runtime API to the proxy."""
    for name in ("Mint", "Rotate"):
        variables = stack.resources[f"{name}Function"]["Properties"]["Environment"]["Variables"]
        found = {n: v for n, v in variables.items() if n.lower().endswith("_proxy")}
        assert found == {"HTTPS_PROXY": stack.parameters["HttpsProxy"], "NO_PROXY": stack.parameters["NoProxy"]}
