{#
    Fails with the keys that occur more than once: the model does not have the grain it names.
    `newest_only`: of an incremental model only the keys that the newest build wrote; older rows were tested when they came.
#}
{% test unique_grain(model, columns, newest_only=false) %}
select {{ columns | join(', ') }}, count(*) as n_rows
from {{ model }} as tested
{%- if newest_only %}
semi join (select * from {{ model }} where built_commit_id = (select max(newest.built_commit_id) from {{ model }} as newest)) as written
    on {% for column in columns %}{{ 'and ' if not loop.first }}tested.{{ column }} = written.{{ column }} {% endfor %}
{%- endif %}
group by all
having count(*) > 1
{% endtest %}
