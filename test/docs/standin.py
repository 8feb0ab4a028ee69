#!/usr/bin/env python3
"""Stands for aws, sam, git, go and others in the samples that need an AWS account; its name says for which.

It does nothing but check the command: for aws against the service models of botocore, for sam against the
options of the SAM CLI and the parameters of the template, for tokenmint against its own help. So a misspelt
operation, option or parameter fails. What a sample reads from a command gets a made-up value.

ROOT is the repository, TOKENMINT the built command.
"""

import os
import re
import subprocess
import sys
from importlib import import_module

NAME, ARGS = os.path.basename(sys.argv[0]), sys.argv[1:]
ROOT = os.environ["ROOT"]
VARIABLES = (
    "MINT_URL AWS_REGION PARENT_SECRET_ID TOKEN_TABLE MINT_FUNCTION ROTATE_FUNCTION SCHEDULE_NAME UNDONE_QUEUE_URL STACK STAGE ROUTES"
)
KEYS = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"


def check(condition, message):
    if not condition:
        sys.exit(f"{NAME} {' '.join(ARGS)}: {message}")


def options(args):
    return [arg.split("=")[0] for arg in args if re.match("--[a-z]", arg)]


def exports(names):
    print("; ".join(f"export {name}='{os.environ[name]}'" for name in names.split()))


def aws():
    if "file:///dev/stdin" in ARGS: # the writer of the pipe must not find it closed
        sys.stdin.read()
    if ARGS[:2] == ["configure", "export-credentials"]:
        check(ARGS[2:] == ["--format", "env"], "unknown options")
        return exports(KEYS)
    if ARGS[:2] == ["cloudformation", "deploy"]: # the CLI's own command, of no service model
        known = {"stack-name", "template-file", "s3-bucket", "capabilities", "parameter-overrides", "region", "profile"}
        return check({option[2:] for option in options(ARGS)} <= known, "unknown options")
    if ARGS[:2] == ["s3", "cp"]: # the same
        return check(set(options(ARGS)) <= {"--recursive", "--exclude", "--include"} and ARGS[3].startswith("s3://"), "unknown options")
    import botocore.session
    from botocore import xform_name

    service, operation = ARGS[:2]
    session = botocore.session.get_session()
    model = session.get_service_model({"deploy": "codedeploy"}.get(service, service))
    if operation == "wait":
        waiters = session.get_waiter_model(model.service_name).waiter_names
        names = {xform_name(name, "-"): session.get_waiter_model(model.service_name).get_waiter(name).operation for name in waiters}
        operation = ARGS[2]
    else:
        names = {xform_name(name, "-"): name for name in model.operation_names}
    check(operation in names, "unknown operation")
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-") for name in shape.members} if shape else set()
    required = {"--" + xform_name(name, "-") for name in shape.required_members} if shape else set()
    if "zip-file" in " ".join(ARGS): # the CLI's own option for the content
        members.add("zip-file")
        required.discard("--content")
    given = options(ARGS)
    for option in given:
        known = {"query", "output", "region", "profile", "no-cli-pager", "cli-binary-format"} | members
        check(option[2:] in known or option.removeprefix("--no-") in members, f"unknown option {option}")
    # These are idempotency tokens, which the CLI makes itself.
    check(required - {"--client-request-token"} <= set(given), f"{required} are required")
    if "Variables" in " ".join(ARGS):
        exports(VARIABLES)
    elif "--query" in ARGS:
        print("arn:aws:sts::123456789012:assumed-role/web-app/me")


def sam():
    command = import_module(f"samcli.commands.{ARGS[0]}.command").cli
    known = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    for option in options(ARGS):
        check(option in known, f"unknown option {option}")
    if "--parameter-overrides" in ARGS:
        template = ARGS[ARGS.index("--template") + 1] if "--template" in ARGS else "template.yaml"
        with open(f"{ROOT}/{template}", encoding="utf-8") as file:
            section = re.search(r"^Parameters:\n((?:[ #].*|)\n)*", file.read(), re.M).group()
        for word in ARGS[ARGS.index("--parameter-overrides") + 1 :]:
            if word.startswith("--"):
                break
            parameter = word.split("=")[0]
            check(re.search(rf"^  {re.escape(parameter)}:$", section, re.M), f"the template has no parameter {parameter}")


def git():
    check(ARGS[0] in ("clone", "fetch", "merge", "switch"), "unknown command")
    if ARGS[0] == "clone":
        os.mkdir(os.path.basename(ARGS[-1]))


def go():
    if ARGS[0] == "install":
        package = ARGS[1].removeprefix("github.com/tokenmint/tokenmint/").split("@")[0]
        return check(os.path.isdir(os.path.join(ROOT, package)), "no such package")
    check(ARGS[0] == "run" and os.path.isdir(os.path.join(ROOT, ARGS[1])), "no such package")
    if ARGS[1] == "./cmd/tokenmint":
        return tokenmint(ARGS[2:])
    helps(["env", "GOFLAGS=", "CGO_ENABLED=0", os.environ["GO"], "run", ARGS[1], "--help"])


def tokenmint(args):
    words = [arg for arg in args[:2] if re.fullmatch("[a-z]+", arg)]
    helps([os.environ["TOKENMINT"], *words, "--help"])


def helps(run):
    done = subprocess.run(run, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    check("unknown command" not in done.stdout, "unknown command")
    for option in options(ARGS):
        check(re.search(rf"^ +-?{option[1:]}\b", done.stdout, re.M), f"unknown option {option}")


def other():
    """sha256sum, diff and gh look at the files of a release, which are not there. The others would change this machine."""
    if not sys.stdin.isatty() and NAME == "sudo":
        sys.stdin.read()


def terraform():
    check(ARGS in (["init"], ["apply"], ["output", "-raw", "variables"]), "unknown command")
    if ARGS[0] == "output":
        with open(f"{ROOT}/docs/terraform.md", encoding="utf-8") as page:
            check(f'output "{ARGS[2]}"' in page.read(), "the page has no such output")
        exports(VARIABLES)


def npx():
    check(ARGS[:2] == ["cdk", "deploy"], "unknown command")
    check(ARGS[2:] == ["--method=direct"], "unknown options")


def own():
    tokenmint(ARGS)


{"aws": aws, "sam": sam, "git": git, "go": go, "tokenmint": own, "terraform": terraform, "npx": npx}.get(NAME, other)()
