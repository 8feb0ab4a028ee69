"""Adds headers that the document does not name, with any value, to the requests of schemathesis. None may decide anything."""

import schemathesis
from hypothesis import strategies as st

NAMES = ["Accept", "Authorization", "Forwarded", "If-None-Match", "Origin", "Range", "X-Amz-Security-Token", "X-HTTP-Method-Override"]
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200).map(str.strip)


@schemathesis.hook
def flatmap_headers(context, headers):
    extra = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)
    return extra.map(lambda more: {**(headers or {}), **more})
