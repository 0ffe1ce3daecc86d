{# Absolute folder of the ledger. #}
{% macro ledger_folder() -%}
    {%- set home = env_var('PARSTOCK_HOME', '../data') -%}
    {{ (home if home.startswith('/') else flags.PROJECT_DIR ~ '/' ~ home) ~ '/ledger' }}
{%- endmacro %}

{#
    Pin the ledger: every model of this run sees the one commit that ledger/current.json names now.
    Files may be of versions before a column was added; it is null there.
    With the variable before_anything_came (the hash of a ledger without anything in it) it is pinned as it was then: a new home gets its tables so where its first build cannot be shown.
    What is pinned is kept beside the marts' file (`<file>.ledger.json`): as long as it says so, nobody deletes a ledger file that the marts read.
    Makes for every table t of the list the views ledger.<t> and ledger.<t>_new (rows above the build's commit: none here,
    the published file has them), ledger.pin and ledger.newest. Only for `run` and `build`: everything else reads what was pinned last.
#}
{% macro pin_ledger() %}
    {% if execute and flags.WHICH in ('run', 'build') %}
        {% set folder = ledger_folder() | replace("'", "''") %}
        {% set list = folder ~ '/current.json' %}
        {% if run_query("select count(*) from glob('" ~ list ~ "')").columns[0].values()[0] | int == 0 %}
            {{ exceptions.raise_compiler_error("no ledger: " ~ list ~ " is not there. Set PARSTOCK_HOME to an absolute path, or ingest something first") }}
        {% endif %}
        {% do run_query(pin_sql(list)) %}
        {% do refuse_older_ledger() %}
        {% do run_query("copy ledger_list to '" ~ (target.path | replace("'", "''")) ~ ".ledger.json' (format json)") %}
        {% do run_query(ledger_views_sql(folder)) %}
    {% endif %}
{% endmacro %}

{% macro pin_sql(list) %}
    create schema if not exists ledger;
    create schema if not exists ops;
    create table if not exists ops.model_commits (model_name varchar, commit_id bigint);
    create table if not exists ops.checked_commit (commit_id bigint);
    create or replace temp table ledger_list as
    select
        {%- if var('before_anything_came', false) %}
        json_merge_patch(cast(content as json), '{"commit_id": 0, "ledger_hash": "{{ var('before_anything_came') }}", "newest_known_at": null, "newest_occurred_at": null}') as list
        {%- else %}
        cast(content as json) as list
        {%- endif %}
    from read_text('{{ list }}');
    create or replace table ledger.pin as
    select
        cast(list ->> 'commit_id' as bigint) as commit_id,
        list ->> 'ledger_hash' as ledger_hash,
        cast(list ->> 'newest_known_at' as timestamptz) as newest_known_at,
        cast(list ->> 'newest_occurred_at' as timestamptz) as newest_occurred_at,
        timestamptz '{{ run_started_at }}' as pinned_at,
        -- The instant that this build is for: the clock of whoever builds, else that of the newest delivery.
        {% if env_var('PARSTOCK_BUILD_AS_OF', '') %}timestamptz '{{ env_var('PARSTOCK_BUILD_AS_OF') }}'{% else %}cast(list ->> 'newest_known_at' as timestamptz){% endif %} as as_of_at
    from ledger_list;
    -- In a published file it says how new the file is, tail included, and when it was published.
    create or replace view ledger.newest as select newest_known_at, newest_occurred_at, newest_known_at as published_at from ledger.pin
{% endmacro %}

{# A ledger made anew counts its commits from the start: incremental marts of the old one must not be carried on. #}
{% macro refuse_older_ledger() %}
    {% if flags.FULL_REFRESH %}
        {% do run_query("delete from ops.model_commits; delete from ops.checked_commit") %}
    {% else %}
        {% set newer = run_query("select coalesce(max(m.commit_id), -1) > any_value(p.commit_id) from ledger.pin as p left join ops.model_commits as m on true").columns[0].values()[0] %}
        {% if newer %}
            {{ exceptions.raise_compiler_error("the marts rest on a newer commit than the ledger has: build with --full-refresh") }}
        {% endif %}
    {% endif %}
{% endmacro %}

{% macro ledger_views_sql(folder) %}
    {% set statements %}
        with tables as (
            select unnest(json_keys(list, '$.tables')) as name, list ->> 'commit_id' as commit_id, list
            from ledger_list
        ),
        files as (
            select
                name, commit_id,
                unnest(from_json(json_extract(list, '$.tables.' || name || '.files'), '["json"]')) ->> 'path' as path
            from tables
        )
        select string_agg(statement, ';')
        from (
            select
                'create or replace view ledger.' || name || ' as select * from read_parquet(['
                || string_agg('''{{ folder | replace("'", "''") }}/' || replace(path, '''', '''''') || '''', ',')
                || '], union_by_name = true) where commit_id <= ' || commit_id
                || ';create or replace view ledger.' || name || '_new as select * from ledger.' || name || ' limit 0' as statement
            from files
            group by name, commit_id
        )
    {% endset %}
    {{ return(run_query(statements).columns[0].values()[0]) }}
{% endmacro %}

{# The ledger's commit of this run, as a literal. #}
{% macro pinned_commit() -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {{ run_query("select commit_id from ledger.pin").columns[0].values()[0] }}
    {%- else -%} 0
    {%- endif -%}
{%- endmacro %}

{# The commit up to which this incremental model has seen the ledger: what lies above it is to be looked at. #}
{% macro since_commit() -%}
    {%- if execute and flags.WHICH in ('run', 'build') and is_incremental() -%}
        {{ run_query("select coalesce(max(commit_id), -1) from ops.model_commits where model_name = '" ~ this.schema ~ "." ~ this.identifier ~ "'").columns[0].values()[0] }}
    {%- else -%} -1
    {%- endif -%}
{%- endmacro %}

{#
    Post-hook of an incremental model: what it has seen. A model with incremental parents has seen no more than they have,
    so that a run of a part of the project leaves nothing behind unseen.
#}
{% macro record_commit(parents=[]) -%}
    delete from ops.model_commits where model_name = '{{ this.schema }}.{{ this.identifier }}';
    insert into ops.model_commits
    select '{{ this.schema }}.{{ this.identifier }}', least(
        (select commit_id from ledger.pin)
        {%- for parent in parents %},
        (select max(commit_id) from ops.model_commits where model_name = '{{ parent }}')
        {%- endfor %}
    )
{%- endmacro %}

{#
    The last whole day before an instant, in a place's `time_zone`: demand is measured to it, by a build (the instant it is for) and
    by planning (its as-of) alike. The day that still runs is no whole day.
#}
{% macro last_whole_day(instant) -%}
    cast(timezone(time_zone, {{ instant }}) as date) - 1
{%- endmacro %}

{# The newest business day in the ledger, as a literal: the day that KPIs run up to. Nothing here asks the clock. #}
{% macro as_of_day() -%}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- set newest = run_query(
            "select coalesce(greatest((select max(business_on) from ledger.movements), (select max(business_on) from ledger.events)), date '1970-01-01')"
        ).columns[0].values()[0] -%}
        date '{{ newest }}'
    {%- else -%} date '1970-01-01'
    {%- endif -%}
{%- endmacro %}
