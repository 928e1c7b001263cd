"""Graphs of ComfyUI: the texts, the model and the seed of a sampler, as far as they are plain."""

from typing import Any, NamedTuple

_MOST_NODES = 20_000
_MOST_STEPS = 64
_TEXTS = ("text", "prompt", "string", "value", "text_g", "text_l", "clip_l", "t5xxl")
_LINKS = ("conditioning", "positive", "conditioning_1", "conditioning_to", "guider", "model")
_MODELS = ("ckpt_name", "unet_name", "model_name", "model")
_SEEDS = ("seed", "noise_seed")
_ENCODERS = ("CLIPTextEncode", "TextEncode")


class Graph(NamedTuple):
    """What was found."""

    prompt: str | None
    negative: str | None
    model: str | None
    seed: int | None
    settings: dict[str, Any]


_Nodes = dict[str, dict[str, Any]]


def read(graph: dict[str, Any]) -> Graph | None:
    """Read a graph as it was run: nodes by id, each with its class and inputs."""
    nodes: _Nodes = {
        key: node
        for key, node in list(graph.items())[:_MOST_NODES]
        if isinstance(node, dict) and "class_type" in node and isinstance(node.get("inputs"), dict)
    }
    if not nodes:
        return None
    inputs = [node["inputs"] for node in nodes.values()]
    samplers = [one for one in inputs if "positive" in one and _first([one], _SEEDS) is not None]
    sampler: dict[str, Any] = next(iter(samplers), {})
    prompt = _text(nodes, sampler.get("positive")) or _first(inputs, _TEXTS, str)
    negative = _text(nodes, sampler.get("negative"))
    model, seed = _first(inputs, _MODELS, str), _first([sampler, *inputs], _SEEDS, int)
    return Graph(prompt, negative, model, seed, sampler)


def _first(inputs: list[dict[str, Any]], names: tuple[str, ...], kind: type = int) -> Any:
    """Return the first input with one of the names that is no link, in the order of the names."""
    values = (one.get(name) for name in names for one in inputs)
    return next((value for value in values if isinstance(value, kind) and value != ""), None)


def _text(nodes: _Nodes, link: Any) -> str | None:
    """Follow links from node to node until one has a text."""
    waiting, steps = [link], 0
    while waiting and steps < _MOST_STEPS:
        link, steps = waiting.pop(), steps + 1
        if not (isinstance(link, list) and link and isinstance(link[0], str) and link[0] in nodes):
            continue
        inputs = nodes[link[0]]["inputs"]
        if text := _first([inputs], _TEXTS, str):
            return str(text)
        waiting += [inputs[name] for name in (*_LINKS, *_TEXTS) if name in inputs]
    return None


def read_drawing(drawing: dict[str, Any]) -> Graph | None:
    """Read a graph as it is drawn, where the values of a node have no names."""
    nodes = drawing.get("nodes")
    if not isinstance(nodes, list):
        return None
    values = [
        node["widgets_values"][0]
        for node in nodes[:_MOST_NODES]
        if isinstance(node, dict)
        and str(node.get("type")).startswith(_ENCODERS)
        and isinstance(node.get("widgets_values"), list)
        and node["widgets_values"]
    ]
    texts = [value for value in values if isinstance(value, str) and value]
    return Graph(texts[0] if texts else None, None, None, None, {})
