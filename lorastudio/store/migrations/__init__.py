"""Migrations, each applied once, in this order, in one transaction of its own.

A released migration is never changed; the next change of the schema is the next module.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

from lorastudio.store.migrations import (
    m001_loop,
    m002_review,
    m003_order,
    m004_endpoints,
    m005_drafting,
    m006_verified,
    m007_imports,
    m008_cleaning,
    m009_curation,
)

MIGRATIONS: tuple[Callable[[Database], None], ...] = (
    m001_loop.apply,
    m002_review.apply,
    m003_order.apply,
    m004_endpoints.apply,
    m005_drafting.apply,
    m006_verified.apply,
    m007_imports.apply,
    m008_cleaning.apply,
    m009_curation.apply,
)
