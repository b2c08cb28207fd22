"""The parser computes as cheaply as the libraries at hand allow."""

from __future__ import annotations

from typing import Any

from threadpoolctl import threadpool_info

from pipeline.stages.extract.events.syntax import model


def test_parser_multiplies_by_numpy_on_one_thread() -> None:
    components: list[Any] = [component for _, component in model().pipeline]
    assert {node.ops.use_blis for component in components for node in component.model.walk()} == {False}
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
