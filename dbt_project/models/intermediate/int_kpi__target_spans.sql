{{ config(materialized='ephemeral') }}

-- A target for the grain itself holds before one for its kind, and that before one for all; then the latest.
with matches as (
    select
        judged.kpi_code,
        judged.grain_kind,
        judged.grain_id,
        targets.target_operator,
        targets.target_value,
        targets.recommended_action,
        coalesce(targets.valid_from, date '0001-01-01') as valid_from,
        coalesce(targets.valid_to, date '9999-12-31') as valid_to,
        case
            when targets.grain_kind = judged.grain_kind and targets.grain_code = judged.grain_code then 1
            when targets.grain_kind = judged.grain_kind then 2
            else 3
        end as precedence_rank
    from (
        select distinct
            periods.kpi_code,
            periods.grain_kind,
            periods.grain_id,
            periods.grain_code,
            periods.currency_code,
            periods.is_of_several_currencies,
            definitions.unit = 'currency' as is_amount
        from {{ ref('int_kpi__periods') }} as periods
        inner join {{ ref('kpi__definitions') }} as definitions on periods.kpi_code = definitions.kpi_code
        where periods.kpi_code in (select t.kpi_code from {{ ref('kpi__targets') }} as t)
    ) as judged
    inner join {{ ref('kpi__targets') }} as targets
        on
            judged.kpi_code = targets.kpi_code
            and (
                (judged.grain_kind = targets.grain_kind and coalesce(targets.grain_code = judged.grain_code, true))
                or targets.grain_kind = 'all'
            )
            -- An amount is held against a target of its own currency; one that names none is meant where there is but one.
            and (
                not judged.is_amount
                or case
                    when regexp_full_match(targets.unit, '[A-Z]{3}') then coalesce(targets.unit = judged.currency_code, false)
                    else not judged.is_of_several_currencies
                end
            )
),

turning_days as (
    select kpi_code, grain_kind, grain_id, valid_from as from_on
    from matches

    union
    select kpi_code, grain_kind, grain_id, valid_to as from_on
    from matches
),

spans as (
    select
        *,
        lead(from_on, 1, date '9999-12-31') over (partition by kpi_code, grain_kind, grain_id order by from_on) as until_on
    from turning_days
),

targets as (
    select
        spans.*,
        matches.target_operator,
        matches.target_value,
        matches.recommended_action
    from spans
    inner join matches
        on
            spans.kpi_code = matches.kpi_code and spans.grain_kind = matches.grain_kind and spans.grain_id = matches.grain_id
            and spans.from_on >= matches.valid_from and spans.from_on < matches.valid_to
    qualify row_number() over (
        partition by spans.kpi_code, spans.grain_kind, spans.grain_id, spans.from_on
        order by matches.precedence_rank, matches.valid_from desc, matches.target_value
    ) = 1
)

select * from targets
