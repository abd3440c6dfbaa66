"""What a term weighs in a text: log-tf x idf, BM25; and matrices of such weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Numbers: TypeAlias = NDArray[np.int32]
Weights: TypeAlias = NDArray[np.float32]
Matrix: TypeAlias = sparse.csr_array[np.float32, tuple[int, int]]

K1 = 1.2
B = 0.75
"""Of BM25 (Robertson, Zaragoza 2009): how soon more of a word says no more; what length counts."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The places of a matrix of pages by terms that hold something, in the order of rows."""

    columns: Numbers
    owners: NDArray[np.int64]
    """The row of each."""
    shape: tuple[int, int]

    def where(self, chosen: NDArray[np.bool_]) -> Cells:
        """Those of them that are chosen."""
        return Cells(self.columns[chosen], self.owners[chosen], self.shape)

    def documents(self) -> NDArray[np.int64]:
        """How many rows each column stands in."""
        return np.bincount(self.columns, minlength=self.shape[1])

    def matrix(self, weights: NDArray[np.floating], *, scaled: bool = False) -> Matrix:
        """These weights in these places; each row brought to length one if so wanted."""
        if scaled:
            squares = np.bincount(self.owners, weights=weights**2, minlength=self.shape[0])
            weights = weights / np.sqrt(squares)[self.owners]
        starts = np.zeros(self.shape[0] + 1, np.int32)
        np.cumsum(np.bincount(self.owners, minlength=self.shape[0]), out=starts[1:])
        return sparse.csr_array(
            (weights.astype(np.float32), self.columns, starts), shape=self.shape
        )


def joined(pieces: list[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    """One array of all, which may be none."""
    return np.concatenate(pieces).astype(kind) if pieces else np.empty(0, kind)


def log(counts: NDArray[Any]) -> Weights:
    """1 + ln of how often; 0 for what is not there."""
    found: Weights = np.zeros(len(counts), np.float32)
    there = counts > 0
    found[there] = 1 + np.log(counts[there].astype(np.float32))
    return found


def unit(weights: Weights) -> Weights:
    """The weights, brought to length one if they have any."""
    scaled: Weights = weights / np.float32(np.sqrt((weights**2).sum()) or 1)
    return scaled


def saturated(counts: Weights, lengths: NDArray[Any] | float, mean: float) -> Weights:
    """How much a count says in a text of a length, below 1 + K1."""
    slow = K1 * (1 - B + B * lengths / (mean or 1))
    found: Weights = (counts * (1 + K1) / (counts + slow)).astype(np.float32)
    return found


def idf(documents: NDArray[Any], total: int) -> Weights:
    """The idf of terms that so many of all documents have; smoothed, at least 1."""
    found: Weights = (np.log((1 + total) / (1 + documents)) + 1).astype(np.float32)
    return found


def bm25_idf(documents: NDArray[Any], total: int) -> Weights:
    """The idf of BM25, never below 0."""
    found: Weights = np.log(1 + (total - documents + 0.5) / (documents + 0.5)).astype(np.float32)
    return found
