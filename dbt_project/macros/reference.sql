{#
    The version of each key that holds at `at`. The first version holds from the beginning (`from_its_date`: from its
    valid_from, if it has one), a later one from valid_from, else from when it became known; of two, the later wins.
    `ends`: a version whose valid_to has passed does not hold, and its key has no row.
#}
{% macro version_at(relation, key, at, from_its_date=false, ends=false) %}
    select *
    from (
        select
            *,
            case
                when version_no = 1 then {% if from_its_date %}coalesce(valid_from, timestamptz '-infinity'){% else %}timestamptz '-infinity'{% endif %}
                else coalesce(valid_from, known_at)
            end as holds_from
        from {{ relation }}
    ) as versions
    where holds_from <= {{ at }}
    qualify row_number() over (partition by {{ key | join(', ') }} order by holds_from desc, version_no desc) = 1
    {%- if ends %} and (valid_to is null or valid_to > {{ at }}){% endif %}
{% endmacro %}

{# What counts as now for reference data: when the newest of it became known. #}
{% macro newest_known(relation) -%}
    (select greatest(max(r.known_at), (select p.newest_known_at from ledger.pin as p)) from {{ relation }} as r)
{%- endmacro %}
