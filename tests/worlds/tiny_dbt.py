"""A dbt project of five nodes, written where a test wants it: what the runner and the export need, and no more."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "dbt_project.yml": """
name: tiny
version: "1.0"
profile: tiny
on-run-start: "{{ pin() }}"
models: {tiny: {+materialized: table}}
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """
tiny:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ env_var('PARSTOCK_HOME') }}/warehouse/marts.duckdb", schema: main}
""",
    "macros/names.sql": """
{% macro generate_schema_name(custom, node) %}{{ custom or target.schema }}{% endmacro %}
""",
    "macros/pin.sql": """
{% macro pin() %}
  {% if execute and flags.WHICH in ('run', 'build') %}
    {% set home = env_var('PARSTOCK_HOME') %}
    {% set files = run_query("select array_to_string(list_transform(tables.movements.files, lambda f: '''" ~ home ~
       "/ledger/' || f.path || ''''), ', ') from read_json('" ~ home ~ "/ledger/current.json')").rows[0][0] %}
    {% set commit = run_query("select commit_id from read_json('" ~ home ~ "/ledger/current.json')").rows[0][0] %}
    create schema if not exists ledger; create schema if not exists ops;
    create or replace view ledger.movements as select * from read_parquet([{{ files }}]) where commit_id <= {{ commit }};
    create or replace view ledger.movements_new as select * from ledger.movements where commit_id > {{ commit }};
    create or replace table ledger.pin as
      select {{ commit }}::bigint commit_id, 'h' ledger_hash, null::timestamptz newest_known_at, null::timestamptz newest_occurred_at,
             now() pinned_at;
    create or replace table ops.table_macros as
      select 'core' schema_name, 'moved_since' macro_name,
             'create or replace macro core.moved_since(ts) as table select * from stock.on_hand where item_id > 0' macro_sql;
  {% endif %}
{% endmacro %}
""",
    "seeds/buffers.csv": "item_id,buffer_units\n1,2\n",
    "seeds/_seeds.yml": """
seeds: [{name: buffers, config: {schema: availability}}]
""",
    "models/stg_movements.sql": """
{{ config(materialized='view', schema='staging') }} select item_id, to_location_id as location_id, units from ledger.movements_new
""",
    "models/unneeded.sql": "{{ config(schema='intermediate') }} select 1 as one",
    "models/on_hand_base.sql": """
{{ config(schema='stock') }}
select item_id, to_location_id as location_id, sum(units)::bigint as on_hand_units from ledger.movements group by all
""",
    "models/on_hand.sql": """
{{ config(materialized='view', schema='stock', tags=['hot']) }}
select item_id, location_id, sum(units)::bigint as on_hand_units
from (select * from {{ ref('on_hand_base') }} union all select * from {{ ref('stg_movements') }}) as t (item_id, location_id, units)
group by all
""",
    "models/_models.yml": """
models:
  - name: on_hand
    description: "Grain: item x location."
    columns:
      - {name: on_hand_units, description: base units}
""",
    "tests/assert_nothing_is_negative.sql": "select item_id, on_hand_units from {{ ref('on_hand_base') }} where on_hand_units < 0",
}


def write_project(folder: Path, **changes: str) -> Path:
    """Write the project; `changes` replaces files by path (`models__on_hand_base` for `models/on_hand_base.sql`)."""
    files = FILES | {f"{path.replace('__', '/')}.sql": text for path, text in changes.items()}
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.lstrip("\n"))
    return folder
