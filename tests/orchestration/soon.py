"""The product's definitions with one schedule that is due when `PARSTOCK_TEST_CRON` says; the tests' daemon loads this."""

from __future__ import annotations

import os

from orchestration.definitions import build_definitions

if cron := os.environ.get("PARSTOCK_TEST_CRON"):  # whoever only collects doctests has no daemon
    defs = build_definitions(crons={"safety_stock_refresh": cron})
