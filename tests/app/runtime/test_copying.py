"""Copying memory by tiny graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from app.runtime import Buffer, Copier

BFLOAT16 = helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16)


@pytest.fixture(params=[np.float32, np.float16, BFLOAT16], ids=str)
def dtype(request: pytest.FixtureRequest) -> np.dtype[Any]:
    chosen: np.dtype[Any] = np.dtype(request.param)
    return chosen


def test_all_elements_are_copied(dtype: np.dtype[Any]) -> None:
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    others = (values[:1] * 2).astype(dtype)
    target, other = np.zeros((2, 3, 4), dtype), np.zeros((1, 3, 4), dtype)

    Copier(dtype.itemsize, is_on_gpu=False).copy_all(
        [Buffer.over(values), Buffer.over(others)], [Buffer.over(target), Buffer.over(other)]
    )

    np.testing.assert_array_equal(target, values)
    np.testing.assert_array_equal(other, others)


@pytest.mark.parametrize("length", [2, 3, 5])
def test_another_length_is_cut_or_filled_with_zeros(dtype: np.dtype[Any], length: int) -> None:
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    target = np.full((2, length, 4), 7, dtype)

    Copier(dtype.itemsize, is_on_gpu=False).fit(Buffer.over(values), Buffer.over(target))

    kept = min(length, 3)
    np.testing.assert_array_equal(target[:, :kept], values[:, :kept])
    assert not target[:, kept:].any()


def test_memory_is_cleared(dtype: np.dtype[Any]) -> None:
    target = np.full((2, 3), 7, dtype)

    Copier(dtype.itemsize, is_on_gpu=False).clear(Buffer.over(target))

    assert not target.any()
