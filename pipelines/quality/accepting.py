"""What people let pass: looks that block and were accepted, and how much of what they found may be found again.

Belongs here: which looks are accepted (decisions of the kind `accept_gate` that stand), and what each allows. Does not belong here:
taking the decision (`pipelines.deciding`), looking.

A build finds again what was accepted: of a rule so many rows may break it as the accepted look found. That ends when the rule is met
once, or when the decision is undone. `spool/gates/accepted.json` holds what each look allows; who accepted it and why is the decision's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pipelines.durable import write_bytes_whole
from pipelines.ledger.decisions import UNDO, from_json
from pipelines.settings import Home
from pipelines.spool import Spool


def accepted_runs(home: Home) -> set[str]:
    """Ids of the looks that somebody accepted and nobody has undone."""
    spool = Spool(home.spool)
    if not spool.decisions.is_dir():
        return set()
    every = [one for batch_id in spool.decision_batches() for one in from_json(spool.read_decisions(batch_id))]
    undone = {one.undoes_decision_id for one in every if one.kind == UNDO}
    return {str(one.gate_run_id) for one in every if one.kind == "accept_gate" and one.decision_id not in undone}


def allow(home: Home, gate_run_id: str, gate: str, rules: Mapping[str, int]) -> None:
    """Write down what a look allows once it is accepted: rows by rule. Called before the decision is taken, which makes it hold."""
    _write(home, _read(home) | {gate_run_id: {"gate": gate, "rules": dict(rules)}})


def allowed(home: Home, gate: str) -> dict[str, int]:
    """How many rows may break each rule of a gate without blocking; rules that nobody let pass are left out."""
    kept = _read(home)
    accepted = accepted_runs(home) if kept else set()
    found: dict[str, int] = {}
    for run, allowance in kept.items():
        if run in accepted and allowance["gate"] == gate:
            for rule, rows in allowance["rules"].items():
                found[rule] = max(rows, found.get(rule, 0))
    return found


def use_up(home: Home, gate: str, met: Collection[str]) -> None:
    """Let what was allowed of these rules of a gate end: they are met again."""
    kept = _read(home)
    left = {run: _without(allowance, met) if allowance["gate"] == gate else allowance for run, allowance in kept.items()}
    if left != kept:
        _write(home, {run: allowance for run, allowance in left.items() if allowance["rules"]})


def _without(allowance: Mapping[str, Any], met: Collection[str]) -> dict[str, Any]:
    return {**allowance, "rules": {rule: rows for rule, rows in allowance["rules"].items() if rule not in met}}


def _read(home: Home) -> dict[str, Any]:
    path = _file(home)
    return dict(json.loads(path.read_bytes())) if path.exists() else {}


def _write(home: Home, content: Mapping[str, Any]) -> None:
    write_bytes_whole(_file(home), json.dumps(content).encode())


def _file(home: Home) -> Path:
    return home.spool / "gates" / "accepted.json"
