-- A policy file of which no line matches anything does nothing at all: a wrong home, or codes of another system. Single lines
-- may wait for their items. A warning: codes and categories come with reference data, and a delivery must not stop everybody's tables.
{{ config(severity='warn') }}
select
    policy_file,
    count(*) as n_policies,
    min(policy_code) as first_policy_code
from {{ ref('int_policies__matches') }}
where
    exists (select 1 from {{ ref('demand__variance') }})
group by policy_file
having not bool_or(is_matched)
