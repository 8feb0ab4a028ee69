"""The stack created in moto's CloudFormation, as far as moto goes, and what came of it read back through the services' own APIs."""

import ast
import json

import boto3
import pytest
from combinations import COMBINATIONS, PARENT
from moto import mock_aws
from stack import REGION, Stack

# What moto 5.2's CloudFormation makes of this template and its services can be asked about; test_template.py alone has the rest.
KINDS = {
    "AWS::DynamoDB::Table",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::SQS::Queue",
}


def client(service):
    return boto3.client(service)


def create_stack(template, parameters):
    client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    for name in ("functions/mint", "functions/rotate"):
        client("s3").put_object(Bucket="code", Key=name, Body=b"zip")
    client("cloudformation").create_stack(
        StackName="tokenmint",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    made = client("cloudformation").describe_stack_resources(StackName="tokenmint")["StackResources"]
    return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in made}


def function_arn(ids, name):
    return client("lambda").get_function_configuration(FunctionName=ids[name])["FunctionArn"]


def role_arn(ids, name):
    return client("iam").get_role(RoleName=ids[name])["Role"]["Arn"]


def queue_arn(ids, name):
    return client("sqs").get_queue_attributes(QueueUrl=ids[name], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture(params=["as it is", "existing secret", "everything"])
def created(request):
    """The combination's stack, and the physical ids of what was made of it.

    moto's CloudFormation knows neither secrets nor schedules nor names of layers, but the services are there: these are made from the
    template's properties, secret and layer before the stack, which gets their ARNs as if they were parameters, the schedule after it.
    """
    want = Stack(COMBINATIONS[request.param])
    template, parameters = want.transformed, dict(want.parameters)
    ((policy, layer),) = want.of("AWS::Lambda::LayerVersion").items()
    with mock_aws():
        arn = client("lambda").publish_layer_version(**layer | {"Content": {"ZipFile": b"zip"}})["LayerVersionArn"]
        template["Parameters"][policy] = {"Type": "String"}
        parameters[policy] = arn
        if secret := want.resources.get("ParentSecret"):
            arn = client("secretsmanager").create_secret(Name="ParentSecret", **secret["Properties"])["ARN"]
            template["Parameters"]["ParentSecret"] = {"Type": "String"}
            parameters["ParentSecret"] = arn
        template["Resources"] = {n: r for n, r in template["Resources"].items() if r["Type"] in KINDS}
        del template["Outputs"], template["Rules"]
        ids = create_stack(template, parameters)
        if secret:
            ids["ParentSecret"] = arn
        arns = {
            "arn:of:RotateFunction": function_arn(ids, "RotateFunction"),
            "arn:of:ScheduleRole": role_arn(ids, "ScheduleRole"),
            "arn:of:Undone": queue_arn(ids, "Undone"),
        }
        properties = json.dumps(want.resources["RotateFunctionHeartbeat"]["Properties"])
        for word, arn in arns.items():
            properties = properties.replace(f'"{word}"', json.dumps(arn))
        client("scheduler").create_schedule(Name="Heartbeat", **json.loads(properties))
        ids["Policy"] = parameters[policy]
        yield want, ids


def test_everything_is_made(created):
    want, ids = created
    kinds = KINDS | {"AWS::SecretsManager::Secret"}
    assert ids.keys() == {n for n, r in want.resources.items() if r["Type"] in kinds} | {"Policy"}


def test_secret(created):
    want, ids = created
    secrets = client("secretsmanager").list_secrets()["SecretList"]
    if want.parameters["ParentSecretArn"]:
        assert not secrets
        return
    (secret,) = secrets
    assert secret["ARN"] == ids["ParentSecret"]
    assert {t["Key"]: t["Value"] for t in secret["Tags"]}.items() >= {("application", "tokenmint"), ("stage", "prod")}


def test_table(created):
    _, ids = created
    table = client("dynamodb").describe_table(TableName=ids["TokenTable"])["Table"]
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_log_groups(created):
    want, ids = created
    groups = {g["logGroupName"]: g for g in client("logs").describe_log_groups()["logGroups"]}
    assert groups.keys() == {ids["ApiLogs"], ids["MintLogs"], ids["RotateLogs"]}
    assert {str(g["retentionInDays"]) for g in groups.values()} == {want.parameters["LogRetentionDays"]}
    assert ids["ApiLogs"] == "/aws/vendedlogs/apis/tokenmint"


def test_schedule(created):
    want, ids = created
    schedule = client("scheduler").get_schedule(Name="Heartbeat")
    assert schedule["ScheduleExpression"] == want.parameters["Schedule"]
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}
    assert schedule["Target"]["Arn"] == function_arn(ids, "RotateFunction")
    assert schedule["Target"]["RoleArn"] == role_arn(ids, "ScheduleRole")
    assert schedule["Target"]["DeadLetterConfig"] == {"Arn": queue_arn(ids, "Undone")}


def test_functions(created):
    want, ids = created
    parent = PARENT if want.parameters["ParentSecretArn"] else ids["ParentSecret"]
    for name, seconds in (("Mint", 15), ("Rotate", 300)):
        function = client("lambda").get_function_configuration(FunctionName=ids[f"{name}Function"])
        assert function["Environment"]["Variables"]["PARENT_SECRET_ID"] == parent
        assert function["Timeout"] == seconds
        assert function["Role"] == role_arn(ids, f"{name}Role")


def test_mint_may_read_the_secret_that_was_made(created):
    """The policy that IAM has names the ARN that Secrets Manager gave out."""
    want, ids = created
    policy = client("iam").get_role_policy(RoleName=ids["MintRole"], PolicyName="mint")["PolicyDocument"]
    statements = filter(None, ast.literal_eval(policy)["Statement"])  # moto writes Python, not JSON, and keeps what has no value
    (read,) = [s for s in statements if s["Sid"] == "ReadTheParentToken"]
    resources = [r for r in read["Resource"] if r]  # moto leaves None for what has no value
    assert resources == [PARENT if want.parameters["ParentSecretArn"] else ids["ParentSecret"]]
