"""By which names the tools of a request go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.offered import tools_offered

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["function", "custom", "mcp", "f"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tools", "tool", "definition", "content", "type", "name", "function", "custom", "server_label"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, []),
        ({"tools": None, "functions": [], "function_call": "auto", "web_search_options": None}, []),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}, ["f"]),
        ({"tools": [{"type": "function", "name": "f"}, {"name": "g", "input_schema": {}}]}, ["f", "g"]),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}, {"type": "custom", "name": "g"}]}, ["f", "g"]),
        ({"functions": [{"name": "f"}], "function_call": {"name": "g"}}, ["f", "g"]),
        # a name beside a name, and a name that hides a type
        ({"tools": [{"type": "function", "name": "ok", "function": {"name": "bad"}}]}, ["ok", "bad"]),
        ({"tools": [{"type": "function", "function": {"name": "ok"}, "custom": {"name": "bad"}}]}, ["ok", "bad"]),
        ({"tools": [{"type": "web_search", "name": "ok"}]}, ["ok", "web_search"]),
        # tools of the provider's own
        ({"tools": [{"type": "web_search"}, {"type": "file_search", "vector_store_ids": []}]}, ["web_search", "file_search"]),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, ["web_search"]),
        ({"tools": [{"type": "web_search_2025_08_26"}]}, ["web_search_2025_08_26"]),
        ({"tools": [{"type": "bash_20250124", "name": "ok"}]}, ["ok", "bash_20250124"]),
        ({"web_search_options": {}}, ["web_search"]),
        # servers of tools
        ({"tools": [{"type": "mcp", "server_label": "wiki", "server_url": "https://x.example"}]}, ["mcp", "mcp:wiki"]),
        ({"tools": [{"type": "mcp", "server_label": "l", "connector_id": "connector_gmail"}]}, ["mcp", "mcp:l", "mcp:connector_gmail"]),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "wiki"}]}, ["mcp_toolset", "mcp:wiki"]),
        ({"mcp_servers": [{"type": "url", "name": "wiki", "url": "https://x.example"}]}, ["mcp", "mcp:wiki"]),
        # tools in a tool
        ({"tools": [{"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "f"}]}]}, ["crm", "namespace", "f"]),
        # in the midst of a conversation
        ({"input": [{"type": "tool_search_output", "tools": [{"type": "function", "name": "f"}]}]}, ["f"]),
        ({"input": [{"role": "user", "content": "x"}, {"type": "additional_tools", "tools": [{"type": "web_search"}]}]}, ["web_search"]),
        ({"items": [{"type": "mcp_list_tools", "server_label": "wiki", "tools": [{"name": "f", "input_schema": {}}]}]}, ["f"]),
        ({"item": {"type": "mcp_list_tools", "server_label": "wiki", "tools": [{"name": "f"}, {}]}}, ["f", ""]),
        ({"messages": [{"role": "user", "content": "x", "tools": [{"type": "function", "function": {"name": "f"}}]}]}, ["f"]),
        ({"messages": [{"role": "assistant", "content": [{"type": "mcp_tool_listing", "tools": [{"name": "f"}]}]}]}, ["f"]),
        ({"messages": [{"content": [{"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {"name": "f"}}}]}]}, ["f"]),
        ({"messages": [{"content": [{"tool_changes": [{"tool": {"definition": {"name": "f"}}}]}]}]}, ["f"]),
        ({"messages": [{"content": [{"type": "tool_addition", "tool": {"type": "tool_reference", "name": "f"}}]}]}, []),
        ({"input": "tools", "items": {}, "messages": [5, {"content": {"tools": 5}, "tool": "f"}]}, []),
        # without a name
        ({"tools": [{"type": "function"}, {"function": {}}, {"googleSearch": {}}, 5, {"name": 5}, {"type": []}]}, [""] * 6),
        ({"tools": {"name": "f"}, "mcp_servers": ["x"]}, ["f", "mcp", "mcp:"]),
        ({"tools": "web"}, ["web"]),
    ],
)  # fmt: skip
def test_names(body, names):
    """A tool has every name that some reader could know it by, and one that nobody can allow if there is none."""
    assert tools_offered(body) == names


def test_every_tool_counts():
    """However many tools come before one, it is seen; and a name is never cut."""
    tools = [{"name": f"f{number}"} for number in range(5000)]
    assert tools_offered({"tools": [*tools, {"name": "f" * 5000}]})[-2:] == ["f4999", "f" * 5000]


@given(
    st.dictionaries(
        st.sampled_from(["tools", "functions", "function_call", "mcp_servers", "web_search_options", "input", "messages"]), JSON
    )
)
def test_any_shape(body):
    """Whatever stands there is read without an error, and nothing that is offered goes without a name."""
    names = tools_offered(body)
    assert all(isinstance(name, str) for name in names)
    assert len(names) >= len(body.get("tools") or ()) if isinstance(body.get("tools"), list) else True
