"""The templates in docs/examples: they lint, and hold what docs/public.md and docs/custom.md say of them."""

import cfnlint.api
import pytest
from stack import REGION, ROOT
from samtranslator.yaml_helper import yaml_parse

FOLDER = ROOT / "docs/examples"
EXAMPLES = sorted(str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*.yaml"))


def test_examples_are_these():
    assert EXAMPLES == ["cloudfront.yaml", "session/template.yaml"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_lints(example):
    assert not [str(m) for m in cfnlint.api.lint((FOLDER / example).read_text(), regions=[REGION])]


def check_cloudfront(template):
    resources = template["Resources"]
    policy = resources["PublicTokens"]["Properties"]["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]) == (0, 0, 60)
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["HeadersConfig"] == {"HeaderBehavior": "whitelist", "Headers": ["Origin"]}
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "none"}
    assert key["CookiesConfig"] == {"CookieBehavior": "none"}
    distribution = resources["Distribution"]["Properties"]["DistributionConfig"]
    by_path = {b["PathPattern"]: b for b in distribution["CacheBehaviors"]}
    assert by_path["/public/tokens/*"]["CachePolicyId"] == {"Ref": "PublicTokens"}
    # Without an origin request policy, the origin gets what is in the key and nothing more.
    assert "OriginRequestPolicyId" not in by_path["/public/tokens/*"]
    assert by_path["/custom/tokens*"]["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert all(b["ViewerProtocolPolicy"] == "https-only" for b in by_path.values())
    assert {e["ErrorCachingMinTTL"] for e in distribution["CustomErrorResponses"]} == {0}


def test_cloudfront_caches_public_tokens_by_origin():
    check_cloudfront(yaml_parse((FOLDER / "cloudfront.yaml").read_text()))


@pytest.mark.parametrize(
    ("guard", "instead"),
    [
        ("MaxTTL: 60", "MaxTTL: 3600"),
        ("MinTTL: 0", "MinTTL: 1"),
        ("HeaderBehavior: whitelist, Headers: [Origin]", "HeaderBehavior: none"),
        ("QueryStringBehavior: none", "QueryStringBehavior: all"),
        ("CachePolicyId: !Ref PublicTokens", "CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6"),
        ("{ErrorCode: 503, ErrorCachingMinTTL: 0}", "{ErrorCode: 503, ErrorCachingMinTTL: 10}"),
    ],
)
def test_cloudfront_breaks_without_its_guard(guard, instead):
    text = (FOLDER / "cloudfront.yaml").read_text()
    assert guard in text
    with pytest.raises(AssertionError):
        check_cloudfront(yaml_parse(text.replace(guard, instead, 1)))
