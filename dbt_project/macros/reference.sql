{#
    The version of each key that holds at `at`. The first version (and the built-in one before it, 0) holds from the beginning
    (`from_its_date`: from its valid_from, if it has one), a later one from valid_from, else from when it became known; of two, the later wins.
    `ends`: a version whose valid_to has passed does not hold, and its key has no row.
#}
{% macro version_at(relation, key, at, from_its_date=false, ends=false) %}
    select *
    from (
        select
            *,
            case
                when version_no <= 1 then {% if from_its_date %}coalesce(valid_from, timestamptz '-infinity'){% else %}timestamptz '-infinity'{% endif %}
                else coalesce(valid_from, known_at)
            end as holds_from
        from {{ relation }}
    ) as versions
    where holds_from <= {{ at }}
    {%- if key | length == 1 %} and {{ key[0] }} is not null{% endif %} {# an earlier version took "*" for a code: it names nothing #}
    qualify row_number() over (partition by {{ key | join(', ') }} order by holds_from desc, version_no desc) = 1
    {%- if ends %} and (valid_to is null or valid_to > {{ at }}){% endif %}
{% endmacro %}

{# What counts as now for reference data: when the newest of it became known. #}
{% macro newest_known(relation) -%}
    (select greatest(max(r.known_at), (select p.newest_known_at from ledger.pin as p)) from {{ relation }} as r)
{%- endmacro %}

{#
    When each version of a key holds, as known when: valid and known time cut into spans of one version each.
    A version holds from its start until the next start that is known, or until its valid_to. As others become known that
    time can only get shorter: the spans of a version are steps in known time. Of two with one start the later holds.
    Null is the beginning, or open. No column of the key may be null.
#}
{% macro version_spans(relation, key, from_its_date=false) %}
    with started as (
        select
            *,
            coalesce(known_at, timestamptz '-infinity') as known_since,
            case
                when version_no <= 1 then {% if from_its_date %}coalesce(valid_from, timestamptz '-infinity'){% else %}timestamptz '-infinity'{% endif %}
                else coalesce(valid_from, known_at)
            end as starts_at,
            coalesce(valid_to, timestamptz 'infinity') as ends_at
        from {{ relation }}
        {% if key | length == 1 %}where {{ key[0] }} is not null{% endif %}
    ),

    -- Since when which end of a version is known: its own, and the start of each version that takes its place.
    ends as (
        select
            {{ key | join(', ') }}, version_no, known_since as known_from, ends_at as holds_to
        from started

        union all
        select
            {% for column in key %}own.{{ column }}, {% endfor %}own.version_no, greatest(own.known_since, later.known_since) as known_from, later.starts_at as holds_to
        from started as own
        inner join started as later
            on
                {% for column in key %}own.{{ column }} = later.{{ column }} and {% endfor %}later.starts_at >= own.starts_at
                and (later.starts_at > own.starts_at or later.version_no > own.version_no)
    ),

    earliest as (
        select
            {{ key | join(', ') }}, version_no, known_from, min(holds_to) as holds_to
        from ends
        group by all
    ),

    steps as (
        select
            * exclude (holds_to),
            min(holds_to) over (partition by {{ key | join(', ') }}, version_no order by known_from) as holds_to
        from earliest
    ),

    changes as (
        select *
        from steps
        qualify coalesce(holds_to <> lag(holds_to) over (partition by {{ key | join(', ') }}, version_no order by known_from), true)
    ),

    known_spans as (
        select
            *,
            lead(known_from) over (partition by {{ key | join(', ') }}, version_no order by known_from) as known_to
        from changes
    )

    select
        started.* exclude (valid_from, valid_to),
        nullif(started.starts_at, timestamptz '-infinity') as valid_from,
        nullif(known_spans.holds_to, timestamptz 'infinity') as valid_to,
        nullif(known_spans.known_from, timestamptz '-infinity') as known_from,
        known_spans.known_to,
        known_spans.known_to is null and started.starts_at <= {{ newest_known(relation) }} and known_spans.holds_to > {{ newest_known(relation) }} as is_current
    from started
    inner join known_spans
        on {% for column in key %}started.{{ column }} = known_spans.{{ column }} and {% endfor %}started.version_no = known_spans.version_no
    where started.starts_at < known_spans.holds_to
{% endmacro %}
